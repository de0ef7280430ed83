"""k6's own metrics as OTLP: its OpenTelemetry output, beside the JSON that we read.

Source: ``internal/output/opentelemetry`` of k6 1.1 to 2.2. k6 takes the settings from its environment only, so the
user's own ``K6_OTEL_*`` reach it too, and win.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from k6spec.errors import ConfigError
from k6spec.k6.binary import K6Binary
from k6spec.store.spans import CLIENT_SERVICE

RUN_ID: Final = "k6spec.run_id"
"""The resource attribute by which runs are told apart."""

_STABLE: Final = (1, 4, 0)
_ENDPOINT: Final = "K6_OTEL_GRPC_EXPORTER_ENDPOINT"
_INSECURE: Final = "K6_OTEL_GRPC_EXPORTER_INSECURE"
_HEADERS: Final = "K6_OTEL_HEADERS"
_RESOURCE: Final = "OTEL_RESOURCE_ATTRIBUTES"
# A script that names no requests makes nine series of some 430 bytes of each URL, and every export carries them
# all: 20,000 URLs were seen to make 79 MB. So many series a metric stay below the 4 MiB that a Collector takes by
# default; what is over goes into one that has the attribute otel.metric.overflow.
_SERIES: Final = "500"
# Seen with 1.1: k6 doesn't flush what it holds when it ends. So it holds little.
_EARLY_FLUSH: Final = "100ms"
_HEADER: Final = re.compile(r"[^=,]+=(?:[^%,]|%[0-9A-Fa-f]{2})*")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OtelOutput:
    """The output's name for ``--out``, and the environment variables to set for k6."""

    name: str
    settings: Mapping[str, str]


def otel_output(binary: K6Binary, *, endpoint: str, run_id: str, env: Mapping[str, str]) -> OtelOutput:
    """The output that sends to an endpoint.

    Args:
        endpoint: where OTLP/gRPC is accepted, a URL with scheme and port; TLS if it is ``https``.
        run_id: becomes the resource attribute :data:`RUN_ID`.
        env: the environment that k6 inherits; what the user has set there stays.

    Raises:
        ConfigError: the user's headers cannot be read: k6 would log them, and they are secret.
    """
    headers = env.get(_HEADERS)
    if headers is not None and not all(_HEADER.fullmatch(header) for header in headers.split(",")):
        raise ConfigError(f"the environment variable {_HEADERS} is not of the form k1=v1,k2=v2")
    stable = binary.version >= _STABLE
    settings = {
        # Or k6 would take the system's own OTEL_SERVICE_NAME, if that is in our environment.
        "K6_OTEL_SERVICE_NAME": CLIENT_SERVICE,
        "OTEL_GO_X_CARDINALITY_LIMIT": _SERIES,
    }
    if _ENDPOINT not in env:
        url = urlsplit(endpoint)
        settings[_ENDPOINT] = url.netloc
        settings[_INSECURE] = "false" if url.scheme == "https" else "true"
    if not stable:
        settings["K6_OTEL_FLUSH_INTERVAL"] = _EARLY_FLUSH
    ours = {name: value for name, value in settings.items() if name not in env}
    attributes = [env[_RESOURCE]] if env.get(_RESOURCE) else []
    return OtelOutput(
        name="opentelemetry" if stable else "experimental-opentelemetry",
        settings={**ours, _RESOURCE: ",".join([*attributes, f"{RUN_ID}={run_id}"])},
    )
