"""k6spec: performance specs as pytest tests, judged on k6's metrics and on the spans behind the requests.

Light to import: what needs pytest, DuckDB or Arrow is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from k6spec._version import __version__
    from k6spec.config import Config
    from k6spec.declare import flow, presets
    from k6spec.declare.load import Load
    from k6spec.declare.profiles import (
        constant_arrival_rate,
        constant_vus,
        per_vu_iterations,
        ramping_arrival_rate,
        ramping_vus,
        shared_iterations,
        stage,
    )
    from k6spec.declare.scenario import Scenario
    from k6spec.declare.secret import secret
    from k6spec.declare.stopping import stop_when
    from k6spec.errors import (
        ArchiveFault,
        ClaimFailed,
        ConfigError,
        DeclarationError,
        Fault,
        Inconclusive,
        K6Fault,
        K6specError,
        StackFault,
        SutFault,
        UnjudgedClaim,
        UsageError,
    )
    from k6spec.judge.limits import limit
    from k6spec.judge.standard import baseline
    from k6spec.judge.verdict import Verdict
    from k6spec.pytest_plugin.marks import known_issue, load, no_rehearsal
    from k6spec.query.parts import window
    from k6spec.query.request_selector import RequestSelector, http
    from k6spec.query.span_selector import SpanSelector, attr, resource, span
    from k6spec.run import Run
    from k6spec.stack.base import StackBackend
    from k6spec.stack.compose_sut import ComposeSut
    from k6spec.stack.docker.container_sut import ContainerSut
    from k6spec.stack.docker.service import Service
    from k6spec.stack.embedded import EmbeddedStack
    from k6spec.stack.sut import AddressSut, CommandSut, Sut
    from k6spec.units import Duration, Ratio, ms, percent, seconds

_HOME: Final = {
    "__version__": "_version",
    "AddressSut": "stack.sut",
    "ArchiveFault": "errors",
    "ClaimFailed": "errors",
    "CommandSut": "stack.sut",
    "ComposeSut": "stack.compose_sut",
    "Config": "config",
    "ConfigError": "errors",
    "ContainerSut": "stack.docker.container_sut",
    "DeclarationError": "errors",
    "Duration": "units",
    "EmbeddedStack": "stack.embedded",
    "Fault": "errors",
    "Inconclusive": "errors",
    "K6Fault": "errors",
    "K6specError": "errors",
    "Load": "declare.load",
    "Ratio": "units",
    "RequestSelector": "query.request_selector",
    "Run": "run",
    "Scenario": "declare.scenario",
    "Service": "stack.docker.service",
    "SpanSelector": "query.span_selector",
    "StackBackend": "stack.base",
    "StackFault": "errors",
    "Sut": "stack.sut",
    "SutFault": "errors",
    "UnjudgedClaim": "errors",
    "UsageError": "errors",
    "Verdict": "judge.verdict",
    "attr": "query.span_selector",
    "baseline": "judge.standard",
    "constant_arrival_rate": "declare.profiles",
    "constant_vus": "declare.profiles",
    "flow": "declare.flow",
    "http": "query.request_selector",
    "known_issue": "pytest_plugin.marks",
    "limit": "judge.limits",
    "load": "pytest_plugin.marks",
    "ms": "units",
    "no_rehearsal": "pytest_plugin.marks",
    "per_vu_iterations": "declare.profiles",
    "percent": "units",
    "presets": "declare.presets",
    "ramping_arrival_rate": "declare.profiles",
    "ramping_vus": "declare.profiles",
    "resource": "query.span_selector",
    "seconds": "units",
    "secret": "declare.secret",
    "shared_iterations": "declare.profiles",
    "span": "query.span_selector",
    "stage": "declare.profiles",
    "stop_when": "declare.stopping",
    "window": "query.parts",
}
_MODULES: Final = frozenset({"flow", "presets"})

__all__ = [
    "AddressSut",
    "ArchiveFault",
    "ClaimFailed",
    "CommandSut",
    "ComposeSut",
    "Config",
    "ConfigError",
    "ContainerSut",
    "DeclarationError",
    "Duration",
    "EmbeddedStack",
    "Fault",
    "Inconclusive",
    "K6Fault",
    "K6specError",
    "Load",
    "Ratio",
    "RequestSelector",
    "Run",
    "Scenario",
    "Service",
    "SpanSelector",
    "StackBackend",
    "StackFault",
    "Sut",
    "SutFault",
    "UnjudgedClaim",
    "UsageError",
    "Verdict",
    "__version__",
    "attr",
    "baseline",
    "constant_arrival_rate",
    "constant_vus",
    "flow",
    "http",
    "known_issue",
    "limit",
    "load",
    "ms",
    "no_rehearsal",
    "per_vu_iterations",
    "percent",
    "presets",
    "ramping_arrival_rate",
    "ramping_vus",
    "resource",
    "seconds",
    "secret",
    "shared_iterations",
    "span",
    "stage",
    "stop_when",
    "window",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'k6spec' has no attribute {name!r}")
    home = _HOME[name]
    module = import_module(f"k6spec.{home}")
    value = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
