"""Which stack: one that runs already, one by name, or the best there is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, cast, final

from k6spec._version import __version__
from k6spec.collect.sources.registry import kinds, make_source
from k6spec.config import Config, in_ci
from k6spec.errors import ConfigError, StackFault
from k6spec.stack.base import Endpoints, LastingStack, MakeStack, StackBackend
from k6spec.stack.containers import COLLECTOR_IMAGE, JAEGER_IMAGE, HostPorts, Images, StackPlan
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.external import ExportedSpans, ExternalStack, KeptSpans
from k6spec.stack.kept import KeptFile
from k6spec.stack.lifetime import Demands, Lifetime, adopt
from k6spec.stack.process import JAEGER_NAMES, OTELCOL_NAMES, ProcessStack, find_program

STACKS: Final = ("auto", "docker", "process", "embedded", "external")
"""The names of k6spec's own."""

GROUP: Final = "k6spec.stacks"
"""The entry point group of further ones: a name, and a :data:`~k6spec.stack.base.MakeStack`."""

_MADE_OF: Final = {
    "docker": ("collector_image", "jaeger_image", "jaeger_feed", "jaeger_max_traces"),
    "process": ("otelcol", "jaeger", "jaeger_feed", "jaeger_max_traces"),
}

_Say = Callable[[str], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A stack, not started unless it was adopted; why it is this one; and its lifetime, if it can outlive us."""

    stack: StackBackend
    reason: str
    lifetime: Lifetime | None


def choose_stack(config: Config, environ: Mapping[str, str], *, say: _Say = lambda _text: None) -> Choice:
    """The stack of this workspace that runs already, if it is what the settings ask for; else a new one.

    For ``auto`` that is docker, process or embedded, the first that is at hand.

    Args:
        environ: the process environment; where ``CI`` is set, ``auto`` is embedded: a pipeline's stack should not
            depend on what its machine happens to have. What ``k6spec up`` started is adopted there as well.
        say: gets lines while the stack is looked for and starts.

    Raises:
        ConfigError: there is no such stack, or a setting that it needs is missing.
    """
    check_name(config.stack)
    if config.stack != "external":
        lifetime = running_stack(config, ci=in_ci(environ), say=say)
        if lifetime is not None and (kept := lifetime.adopted) is not None:
            if config.stack != "auto":
                say(f"stack {kept.kind}: the one that runs already ({kept.origin_words})")
            reason = f"it already runs ({kept.origin_words}; k6spec down ends it)"
            return Choice(stack=lifetime.stack, reason=reason, lifetime=lifetime)
    return new_stack(config, environ, say=say)


def running_stack(config: Config, *, ci: bool, say: _Say) -> Lifetime | None:
    """The stack that runs already, adopted if it is what the settings ask for; see :func:`lifetime.adopt`."""
    return adopt(KeptFile(config.root), demands(config, ci=ci), make=lasting_maker(config, say), say=say)


def new_stack(config: Config, environ: Mapping[str, str], *, say: _Say = lambda _text: None) -> Choice:
    """As :func:`choose_stack`, whatever runs already."""
    if config.stack == "auto":
        name, reason = _best(config, environ)
    else:
        name, reason = config.stack, "it is the one named"
    stack = _external(config, environ) if name == "external" else _named(name, config, say)
    lifetime = None
    if isinstance(stack, LastingStack):
        file = KeptFile(config.root)
        lifetime = Lifetime(stack, file=file, settings=lambda: _made_of(config, name))
    return Choice(stack=stack, reason=reason, lifetime=lifetime)


def check_name(name: str) -> None:
    """Raises a ConfigError if there is no such stack."""
    if name in STACKS:
        return
    names = [*STACKS, *(point.name for point in entry_points(group=GROUP))]
    if name not in names:
        raise ConfigError(f"there is no stack {name!r}; use one of {', '.join(names)}")


def demands(config: Config, *, ci: bool = False) -> Demands:
    """What the settings ask of a stack that runs already."""
    return Demands(
        kind=None if config.stack == "auto" else config.stack,
        ci=ci,
        settings=lambda kind: _made_of(config, kind),
        ports=stack_plan(config).ports,
    )


def stack_plan(config: Config) -> StackPlan:
    """What a stack in containers is made of."""
    return StackPlan(
        images=Images(
            collector=config.collector_image or COLLECTOR_IMAGE,
            jaeger=(config.jaeger_image or JAEGER_IMAGE) if _has_jaeger(config) else None,
        ),
        ports=HostPorts(grpc=config.otlp_grpc_port, http=config.otlp_http_port, ui=config.jaeger_port),
        max_traces=config.jaeger_max_traces,
        live=config.jaeger_feed == "live",
    )


def lasting_maker(config: Config, say: _Say = lambda _text: None) -> Callable[[str], LastingStack]:
    """Makes stacks of any kind that can outlive the process that started them."""

    def make(kind: str) -> LastingStack:
        check_name(kind)
        stack = None if kind in {"auto", "external"} else _named(kind, config, say)
        if not isinstance(stack, LastingStack):
            raise ConfigError(f"the {kind} stack cannot outlive the process that starts it")
        return stack

    return make


def _named(name: str, config: Config, say: _Say) -> StackBackend:
    if name == "docker":
        # Docker's SDK takes a third of a second to import.
        from k6spec.stack.docker import DockerStack

        return DockerStack(stack_plan(config), workspace=config.root, say=say)
    if name == "process":
        return ProcessStack(
            otelcol=config.otelcol,
            jaeger=config.jaeger,
            with_jaeger=_has_jaeger(config),
            live=config.jaeger_feed == "live",
            grpc_port=config.otlp_grpc_port,
            http_port=config.otlp_http_port,
            jaeger_port=config.jaeger_port,
            max_traces=config.jaeger_max_traces,
        )
    if name == "embedded":
        return EmbeddedStack(grpc_port=config.otlp_grpc_port, http_port=config.otlp_http_port)
    (point,) = entry_points(group=GROUP, name=name)
    return cast("MakeStack", point.load())(config, say)


def _made_of(config: Config, kind: str) -> dict[str, object]:
    """The settings that a stack of this kind is made of, but for its ports, and the k6spec that makes it."""
    texts = [[container.config, dict(container.env)] for container in StackPlan().containers]
    made = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:8]
    settings = {name: getattr(config, name) for name in _MADE_OF.get(kind, ())}
    return {**settings, "k6spec": f"{__version__}, configuration {made}"}


def _best(config: Config, environ: Mapping[str, str]) -> tuple[str, str]:
    if in_ci(environ):
        return "embedded", "this is CI"
    from k6spec.stack.docker import why_not

    no_docker = why_not(stack_plan(config))
    if no_docker is None:
        return "docker", "Docker answers, and the images are here"
    try:
        find_program(config.otelcol, OTELCOL_NAMES, setting="otelcol")
        if _has_jaeger(config):
            find_program(config.jaeger, JAEGER_NAMES, setting="jaeger")
    except StackFault as fault:
        return "embedded", f"there is no other (docker: {no_docker}; process: {fault.cause})"
    return "process", f"its programs are here (no docker: {no_docker})"


def _external(config: Config, environ: Mapping[str, str]) -> ExternalStack:
    if bool(config.receiver) == bool(config.source):
        raise ConfigError(
            "the external stack needs one way by which spans come to k6spec. Write in [tool.k6spec] either "
            "receiver (host:port of this host, to which a second OTLP/gRPC exporter of your Collector sends), or "
            f"[tool.k6spec.source] with kind ({', '.join(kinds())}) and url: where spans are read back from"
        )
    spans = (
        ExportedSpans(config.receiver)
        if config.receiver
        else KeptSpans(lambda: make_source(config.source, root=config.root, environ=environ))
    )
    endpoints = Endpoints(
        otlp_grpc=(config.otlp_grpc or "").rstrip("/"), otlp_http=(config.otlp_http or "").rstrip("/")
    )
    return ExternalStack(endpoints, spans=spans, link=config.trace_url, sampled=config.sampled)


def _has_jaeger(config: Config) -> bool:
    return config.jaeger_feed != "off"
