"""The containers of the stack: what the docker stack starts and what compose/ says are made from this alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

from k6spec.stack import collector_config, jaeger_config
from k6spec.stack.collector_config import CollectorConfig, ToFiles
from k6spec.stack.jaeger_config import MAX_TRACES, JaegerConfig

COLLECTOR_IMAGE: Final = "otel/opentelemetry-collector-contrib:0.159.0"
JAEGER_IMAGE: Final = "jaegertracing/jaeger:2.20.0"

COLLECTOR: Final = "otel-collector"
JAEGER: Final = "jaeger"

SPANS_FILE: Final = "/k6spec/spans"
SDK_METRICS_FILE: Final = "/k6spec/sdk-metrics"

_ANY: Final = "0.0.0.0"  # inside a container; what is published is published on 127.0.0.1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Which images; any that take the arguments of a Collector and of Jaeger 2."""

    collector: str = COLLECTOR_IMAGE
    jaeger: str | None = JAEGER_IMAGE  # None: no Jaeger


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of the stack.

    ``name`` is its host name on the stack's network and its service in the compose file. ``config`` is the text
    of its configuration, at ``config_path`` inside, and its only argument. ``folder`` is one that its user must be
    able to write to. ``ports`` are those published, by what they are for.
    """

    name: str
    image: str
    config: str
    config_path: str
    ports: Mapping[str, int]
    folder: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """Its arguments; the program is the image's entry point."""
        return [f"--config={self.config_path}"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HostPorts:
    """Ports on 127.0.0.1 that are fixed, by what they are for; 0 takes any free one."""

    grpc: int = 0
    http: int = 0
    ui: int = 0

    def of(self, purpose: str) -> int:
        """The port for a purpose of :attr:`Container.ports`."""
        return {"grpc": self.grpc, "http": self.http, "ui": self.ui}.get(purpose, 0)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """What a stack of containers is to be. ``live``: whether the Collector feeds Jaeger."""

    images: Images = field(default_factory=Images)
    ports: HostPorts = field(default_factory=HostPorts)
    max_traces: int = MAX_TRACES
    live: bool = True

    @property
    def containers(self) -> list[Container]:
        """Its containers, in the order in which they are started."""
        collector = Container(
            name=COLLECTOR,
            image=self.images.collector,
            config=self._collector_config().as_yaml(),
            config_path="/etc/k6spec/collector.yaml",
            ports={
                "grpc": collector_config.GRPC_PORT,
                "http": collector_config.HTTP_PORT,
                "health": collector_config.HEALTH_PORT,
                "metrics": collector_config.METRICS_PORT,
            },
            folder=SPANS_FILE.rpartition("/")[0],
        )
        if self.images.jaeger is None:
            return [collector]
        jaeger = Container(
            name=JAEGER,
            image=self.images.jaeger,
            config=JaegerConfig(host=_ANY, max_traces=self.max_traces).as_yaml(),
            config_path="/etc/k6spec/jaeger.yaml",
            ports={
                "ui": jaeger_config.UI_PORT,
                "otlp": jaeger_config.OTLP_PORT,
                "health": jaeger_config.HEALTH_PORT,
            },
            env=jaeger_config.ENVIRONMENT,
        )
        return [jaeger, collector]

    def _collector_config(self) -> CollectorConfig:
        return CollectorConfig(
            host=_ANY,
            judged=ToFiles(spans=SPANS_FILE, metrics=SDK_METRICS_FILE),
            jaeger=f"{JAEGER}:{jaeger_config.OTLP_PORT}" if self.images.jaeger and self.live else None,
        )
