"""What a system's OpenTelemetry SDK must be told to export its spans to the stack.

Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "SDK environment variables".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints, StackBackend, Vantage
from k6spec.units import ms

BATCH_DELAY: Final = ms(500)
"""How often the SDKs of systems that we start export, in place of OpenTelemetry's default of 5 s."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def otlp_env(
    stack: StackBackend, vantage: Vantage = "host", present: Mapping[str, str] = _NOTHING
) -> dict[str, str]:
    """The environment variables that make an SDK export to the stack.

    Args:
        vantage: where the system stands.
        present: what its environment holds otherwise; see :func:`exporting`.

    Raises:
        StackFault: the stack does not know where spans are to be sent.
    """
    return exporting(stack.endpoints(vantage), present)


def exporting(to: Endpoints, present: Mapping[str, str] = _NOTHING) -> dict[str, str]:
    """The environment variables that make an SDK export to these endpoints.

    The queue is as large as memory easily allows, for a full queue loses spans silently.

    Args:
        present: what the system's environment holds otherwise. The protocol that it names is kept and decides
            which endpoint is given, for some SDKs have no other exporter; what would win over ours is overruled.

    Raises:
        StackFault: nobody said where that is.
    """
    protocol = next(filter(None, map(present.get, _PROTOCOLS)), "grpc")
    setting = "otlp_grpc" if protocol == "grpc" else "otlp_http"
    endpoint: str = getattr(to, setting)
    if not endpoint:
        raise StackFault(
            "the stack does not say where the system under test is to export its spans",
            advice=f"set {setting} in [tool.k6spec] to your Collector's address for OTLP over {protocol}, or load "
            "a system that already exports to it (base_url)",
        )
    winning = {
        "OTEL_SDK_DISABLED": "false",
        # Of one signal: taken as it stands, path included.
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint if protocol == "grpc" else f"{endpoint}/v1/traces",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE": "true",
    }
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_INSECURE": "true",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        "OTEL_BSP_SCHEDULE_DELAY": f"{BATCH_DELAY.ms:.0f}",
        "OTEL_BSP_MAX_QUEUE_SIZE": "65536",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096",
        **{name: value for name, value in winning.items() if name in present},
    }
