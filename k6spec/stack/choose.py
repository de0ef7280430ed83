"""Which stack: by name, or the best there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from k6spec.collect.sources.registry import kinds, make_source
from k6spec.config import Config, in_ci
from k6spec.errors import ConfigError, StackFault
from k6spec.stack.base import Endpoints, StackBackend
from k6spec.stack.containers import COLLECTOR_IMAGE, JAEGER_IMAGE, HostPorts, Images, StackPlan
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.external import ExportedSpans, ExternalStack, KeptSpans
from k6spec.stack.process import JAEGER_NAMES, OTELCOL_NAMES, ProcessStack, find_program

STACKS: Final = ("auto", "docker", "process", "embedded", "external")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A stack, not started, and why it is this one."""

    stack: StackBackend
    reason: str


def choose_stack(
    config: Config, environ: Mapping[str, str], *, say: Callable[[str], None] = lambda _text: None
) -> Choice:
    """The stack that the settings name; for ``auto`` docker, process or embedded, the first that is at hand.

    Args:
        environ: the process environment; where ``CI`` is set, ``auto`` is embedded: a pipeline's stack should not
            depend on what its machine happens to have.
        say: gets lines while the stack starts.

    Raises:
        ConfigError: there is no such stack, or a setting that it needs is missing.
    """
    if config.stack not in STACKS:
        raise ConfigError(f"there is no stack {config.stack!r}; use one of {', '.join(STACKS)}")
    if config.stack != "auto":
        return Choice(stack=_named(config.stack, config, environ, say), reason="it is the one named")
    name, reason = _best(config, environ)
    return Choice(stack=_named(name, config, environ, say), reason=reason)


def _named(name: str, config: Config, environ: Mapping[str, str], say: Callable[[str], None]) -> StackBackend:
    if name == "docker":
        # Docker's SDK takes a third of a second to import.
        from k6spec.stack.docker import DockerStack

        return DockerStack(_plan(config), workspace=config.root, say=say)
    if name == "process":
        return ProcessStack(
            otelcol=config.otelcol,
            jaeger=config.jaeger,
            with_jaeger=_has_jaeger(config),
            grpc_port=config.otlp_grpc_port,
            http_port=config.otlp_http_port,
            jaeger_port=config.jaeger_port,
            max_traces=config.jaeger_max_traces,
        )
    if name == "external":
        return _external(config, environ)
    return EmbeddedStack(grpc_port=config.otlp_grpc_port, http_port=config.otlp_http_port)


def _best(config: Config, environ: Mapping[str, str]) -> tuple[str, str]:
    if in_ci(environ):
        return "embedded", "this is CI"
    from k6spec.stack.docker import why_not

    no_docker = why_not(_plan(config))
    if no_docker is None:
        return "docker", "Docker answers, and the images are here"
    try:
        find_program(config.otelcol, OTELCOL_NAMES, setting="otelcol")
        if _has_jaeger(config):
            find_program(config.jaeger, JAEGER_NAMES, setting="jaeger")
    except StackFault as fault:
        return "embedded", f"there is no other (docker: {no_docker}; process: {fault.cause})"
    return "process", f"its programs are here (no docker: {no_docker})"


def _plan(config: Config) -> StackPlan:
    return StackPlan(
        images=Images(
            collector=config.collector_image or COLLECTOR_IMAGE,
            jaeger=(config.jaeger_image or JAEGER_IMAGE) if _has_jaeger(config) else None,
        ),
        ports=HostPorts(grpc=config.otlp_grpc_port, http=config.otlp_http_port, ui=config.jaeger_port),
        max_traces=config.jaeger_max_traces,
    )


def _external(config: Config, environ: Mapping[str, str]) -> ExternalStack:
    if bool(config.receiver) == bool(config.source):
        raise ConfigError(
            "the external stack needs to know how its spans come to us, in one way. Write in [tool.k6spec] either "
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
