"""What one message of the Collector's file exporter carries: an exporter may be in several pipelines at once.

JSON names its signal. In protobuf the messages of all signals look alike on the outside; what is in them differs:
a metric is named and has data, a log record has a time where a span has its trace id.
"""

from __future__ import annotations

import re
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

from k6spec.collect.otlp_json import traces_from_json
from k6spec.collect.sources import zstd

_OTHER_JSON: Final = re.compile(rb'\s*\{\s*"resource(?:Metrics|Logs|Profiles)"')


def traces_of(message: bytes) -> bytes | None:
    """A message as framed, in protobuf; None if it is JSON of another signal than traces.

    Raises:
        ValueError: it is damaged.
    """
    if message.startswith(zstd.MAGIC):
        message = b"".join(zstd.decompressed(message))
    if not message.lstrip().startswith(b"{"):
        return message
    return None if _OTHER_JSON.match(message) else traces_from_json(message)


def is_other_signal(message: bytes) -> bool:
    """Whether protobuf that could not be decoded as traces is metrics or logs."""
    return _has_metrics(message) or _has_logs(message)


def _has_metrics(message: bytes) -> bool:
    try:
        data = MetricsData.FromString(message)
    except DecodeError:
        return False
    return any(
        metric.name and metric.WhichOneof("data")
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def _has_logs(message: bytes) -> bool:
    try:
        data = LogsData.FromString(message)
    except DecodeError:
        return False
    return any(
        record.time_unix_nano or record.observed_time_unix_nano
        for resource in data.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    )
