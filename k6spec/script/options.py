"""What k6 is told of a declared load: its scenarios, and which hosts get trace context."""

from __future__ import annotations

from urllib.parse import urlsplit

from k6spec.declare.load import Load
from k6spec.declare.location import reject
from k6spec.declare.profile import k6_duration
from k6spec.declare.scenario import FlowScenario, ScriptScenario


def exec_name(number: int) -> str:
    """The name under which the entry module exports the function of the load's part ``number``."""
    return f"k6spec_{number}"


def scenarios(load: Load) -> dict[str, dict[str, object]]:
    """k6's ``options.scenarios``: scenario name -> executor options."""
    clashing = _clashing(load)
    compiled = {}
    for number, part in enumerate(load.parts):
        options = part.profile.options() | {"exec": exec_name(number)}
        if isinstance(part.scenario, ScriptScenario):
            own = {name: value for name, value in part.scenario.env.items() if name in clashing}
            if own:
                options["env"] = own
            if part.scenario.tags:
                options["tags"] = dict(part.scenario.tags)
        compiled[part.name] = options
    return compiled


def stops(load: Load) -> dict[str, list[dict[str, object]]]:
    """Thresholds that stop the load: k6's metric -> its options."""
    found: dict[str, list[dict[str, object]]] = {}
    for part in load.parts:
        if part.profile.stop_when is not None:
            delay = k6_duration(part.profile.stop_when.after)
            for metric, expression in part.profile.stop_when.thresholds(part.name):
                options = {"threshold": expression, "abortOnFail": True, "delayAbortEval": delay}
                found.setdefault(metric, []).append(options)
    return found


def script_env(load: Load) -> dict[str, str]:
    """Values of ``__ENV`` that all scripts may share: passed by environment, so readable in init code too.

    Those that two scenarios give different values go into the scenarios' own options, which k6 applies when
    a VU runs an iteration.
    """
    clashing = _clashing(load)
    return {
        name: value
        for part in load.parts
        if isinstance(part.scenario, ScriptScenario)
        for name, value in part.scenario.env.items()
        if name not in clashing
    }


def runtime_settings(load: Load, base_url: str) -> dict[str, object]:
    """What the runtime is told of how context is sent (``settings.js``)."""
    return {
        "hosts": target_hosts(load, base_url),
        "sampling": load.sampling.fraction,
        "control": load.control.fraction,
        "propagators": list(load.propagators) or None,
        "baggage": dict(load.baggage),
        "tracePer": load.trace_per,
    }


def target_hosts(load: Load, base_url: str) -> list[str]:
    """Hosts that get trace context: ``host`` (any port), ``host:port`` or ``*.domain``, in lower case.

    The system under test's, those of flows with a base URL of their own, and ``propagate_to``.
    """
    urls = [
        base_url,
        *(
            part.scenario.base_url
            for part in load.parts
            if isinstance(part.scenario, FlowScenario) and part.scenario.base_url
        ),
    ]
    hosts = [urlsplit(url).hostname for url in urls]
    return sorted({_bracketed(host) for host in hosts if host} | {_host(item) for item in load.propagate_to})


def _host(text: str) -> str:
    """A host as ``propagate_to`` names it: ``host``, ``host:port``, ``*.domain`` or a URL."""
    if "://" in text:
        return urlsplit(text).netloc.rpartition("@")[2].lower()
    if not text or "/" in text or " " in text:
        reject(f'propagate_to={text!r}: write a host, as in "api.example.com", "localhost:81", "*.example.com"')
    return text.lower()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _clashing(load: Load) -> set[str]:
    values: dict[str, str] = {}
    clashing = set()
    for part in load.parts:
        if isinstance(part.scenario, ScriptScenario):
            for name, value in part.scenario.env.items():
                if values.setdefault(name, value) != value:
                    clashing.add(name)
    return clashing
