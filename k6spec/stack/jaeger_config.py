"""Jaeger's configuration: spans in memory, OTLP in, the UI and its API out.

Source: ``cmd/jaeger/internal/all-in-one.yaml`` of Jaeger 2, less what a load test does not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.collect.handshake import MAX_MESSAGE_BYTES

UI_PORT: Final = 16686
QUERY_PORT: Final = 16685
OTLP_PORT: Final = 4317
HEALTH_PORT: Final = 13133

ENVIRONMENT: Final = {"OTEL_TRACES_SAMPLER": "always_off"}
"""Jaeger traces its own answers, to whatever takes OTLP on port 4317; 2.0's configuration cannot forbid it."""

MAX_TRACES: Final = 100_000
"""How many traces Jaeger keeps, the newest ones; its own default."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JaegerConfig:
    """What differs from stack to stack: the address to listen on, with its four ports, and the traces it keeps."""

    host: str
    ui_port: int = UI_PORT
    query_port: int = QUERY_PORT
    otlp_port: int = OTLP_PORT
    health_port: int = HEALTH_PORT
    max_traces: int = MAX_TRACES

    def as_dict(self) -> dict[str, Any]:
        """The configuration, as Jaeger's YAML has it."""
        return {
            "extensions": {
                "healthcheckv2": {
                    "use_v2": True,
                    "http": {"endpoint": f"{self.host}:{self.health_port}"},
                },
                "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": self.max_traces}}}},
                "jaeger_query": {
                    "storage": {"traces": "memory"},
                    "http": {"endpoint": f"{self.host}:{self.ui_port}"},
                    "grpc": {"endpoint": f"{self.host}:{self.query_port}"},
                    "enable_tracing": False,
                },
            },
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {
                            "endpoint": f"{self.host}:{self.otlp_port}",
                            "max_recv_msg_size_mib": MAX_MESSAGE_BYTES >> 20,
                        }
                    }
                }
            },
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            },
        }

    def as_yaml(self) -> str:
        """The configuration as text."""
        import yaml

        return yaml.safe_dump(self.as_dict(), sort_keys=False)
