"""The Collector's configuration: the one source of it for every stack and for compose/.

What the seed article's configuration does, and that nothing is lost silently: OTLP on gRPC and HTTP, the attribute
``test.source=k6-load-test`` on every span (the Collector is there for the load test alone), batches, and two ways
out: the judged one, which k6spec reads, and Jaeger.

Source: OpenTelemetry Collector 0.157 to 0.159 (receiver, processor and exporter READMEs). ``otlp_grpc`` has that
name since 0.144, and that is the oldest Collector that takes this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.collect.handshake import MAX_MESSAGE_BYTES

GRPC_PORT: Final = 4317
HTTP_PORT: Final = 4318
HEALTH_PORT: Final = 13133
METRICS_PORT: Final = 8888

JUDGED: Final = "judged"
"""The name of the exporter whose spans k6spec judges, as in ``file/judged``."""

OLDEST: Final = "0.144"
"""The oldest Collector that takes this configuration."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ToReceiver:
    """The judged spans go to k6spec's own receiver: ``endpoint`` is ``host:port`` of its gRPC port."""

    endpoint: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ToFiles:
    """The judged spans go to the file ``spans``, SDKs' metrics to ``metrics``, both framed as the spool is."""

    spans: str
    metrics: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorConfig:
    """What differs from stack to stack.

    Args:
        host: the address to listen on, with its four ports.
        judged: the way out that k6spec reads.
        jaeger: ``host:port`` of Jaeger's OTLP/gRPC port; None: no Jaeger.
    """

    host: str
    judged: ToReceiver | ToFiles
    jaeger: str | None
    grpc_port: int = GRPC_PORT
    http_port: int = HTTP_PORT
    health_port: int = HEALTH_PORT
    metrics_port: int = METRICS_PORT

    def as_dict(self) -> dict[str, Any]:
        """The configuration, as the Collector's YAML has it."""
        exporters = _judged_exporters(self.judged)
        traces = [f"{'file' if isinstance(self.judged, ToFiles) else 'otlp_grpc'}/{JUDGED}"]
        others = ["file/sdk_metrics", "file/discard"] if isinstance(self.judged, ToFiles) else traces * 2
        if self.jaeger is not None:
            exporters["otlp_grpc/jaeger"] = _jaeger_exporter(self.jaeger)
            traces.append("otlp_grpc/jaeger")
        return {
            "extensions": {"health_check": {"endpoint": f"{self.host}:{self.health_port}"}},
            "receivers": {"otlp": {"protocols": self._protocols()}},
            "processors": {
                "memory_limiter": {"check_interval": "1s", "limit_mib": 1024, "spike_limit_mib": 256},
                "attributes": {"actions": [{"key": "test.source", "value": "k6-load-test", "action": "upsert"}]},
                # The timeout is part of how late a span may come: the wait for traces allows 500 ms for it all.
                "batch": {"timeout": "200ms", "send_batch_size": 1024, "send_batch_max_size": 2048},
            },
            "exporters": exporters,
            "service": {
                "extensions": ["health_check"],
                "telemetry": {"metrics": self._metrics()},
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp"],
                        "processors": ["memory_limiter", "attributes", "batch"],
                        "exporters": traces,
                    },
                    "metrics": {
                        "receivers": ["otlp"],
                        "processors": ["memory_limiter"],
                        "exporters": others[:1],
                    },
                    "logs": {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": others[1:]},
                },
            },
        }

    def as_yaml(self) -> str:
        """The configuration as text."""
        import yaml

        return yaml.safe_dump(self.as_dict(), sort_keys=False)

    def _protocols(self) -> dict[str, Any]:
        # SDKs of systems that we start send batches of 4096 spans: over gRPC's own limit of 4 MiB.
        return {
            "grpc": {
                "endpoint": f"{self.host}:{self.grpc_port}",
                "max_recv_msg_size_mib": MAX_MESSAGE_BYTES >> 20,
            },
            "http": {"endpoint": f"{self.host}:{self.http_port}", "max_request_body_size": MAX_MESSAGE_BYTES},
        }

    def _metrics(self) -> dict[str, Any]:
        prometheus = {"host": self.host, "port": self.metrics_port}
        return {"level": "basic", "readers": [{"pull": {"exporter": {"prometheus": prometheus}}}]}


def _judged_exporters(judged: ToReceiver | ToFiles) -> dict[str, Any]:
    if isinstance(judged, ToFiles):
        return {
            f"file/{JUDGED}": {"path": judged.spans, "format": "proto", "flush_interval": "200ms"},
            "file/sdk_metrics": {"path": judged.metrics, "format": "proto", "flush_interval": "200ms"},
            "file/discard": {"path": "/dev/null"},
        }
    return {
        f"otlp_grpc/{JUDGED}": {
            "endpoint": judged.endpoint,
            "tls": {"insecure": True},
            "compression": "none",
            # A full queue holds senders up; the default drops.
            "sending_queue": {"queue_size": 1000, "block_on_overflow": True},
            "retry_on_failure": {"initial_interval": "200ms", "max_interval": "2s", "max_elapsed_time": "60s"},
        }
    }


def _jaeger_exporter(endpoint: str) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "tls": {"insecure": True},
        "compression": "none",
        # Small, and it drops: were Jaeger dead or slow, a long queue would fill the memory that judged spans need.
        "sending_queue": {"queue_size": 200},
        "retry_on_failure": {"initial_interval": "200ms", "max_interval": "2s", "max_elapsed_time": "10s"},
    }
