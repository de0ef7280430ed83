"""The request table (a row per HTTP request, gRPC call or WebSocket handshake that k6 made) and the table of k6's
other samples.

Times are Unix nanoseconds, lengths of time nanoseconds. Source: k6's JSON output and its built-in metrics.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

_TEXT_MAP: Final = pa.map_(pa.string(), pa.string())

GENERATED: Final[list[pa.Field[Any]]] = [
    pa.field("request_id", pa.int64(), nullable=False),  # 0, 1, 2 … in the order k6 reported them
    pa.field("scenario", pa.string()),  # null in setup and teardown
    pa.field("group", pa.string()),
    pa.field("name", pa.string()),  # k6's ``name`` tag: the URL unless the script names it
    pa.field("operation", pa.string()),  # "METHOD /path", or the name where it is not a URL
    pa.field("method", pa.string()),
    pa.field("url", pa.string()),
    pa.field("proto", pa.string()),
    pa.field("status", pa.int32()),  # 0: no response; of a gRPC call HTTP's, its own is in error and error_code
    pa.field("error", pa.string()),
    pa.field("error_code", pa.int32()),
    pa.field("failed", pa.bool_()),  # k6's http_req_failed; a gRPC code that isn't OK, a handshake without 101
    pa.field("start_ns", pa.int64()),
    pa.field("end_ns", pa.int64()),
    pa.field("duration_ns", pa.int64()),  # k6's http_req_duration: sending + waiting + receiving
    pa.field("total_ns", pa.int64()),  # duration + blocked, which takes in connecting and TLS handshaking
    pa.field("blocked_ns", pa.int64()),
    pa.field("connecting_ns", pa.int64()),
    pa.field("tls_ns", pa.int64()),
    pa.field("sending_ns", pa.int64()),
    pa.field("waiting_ns", pa.int64()),
    pa.field("receiving_ns", pa.int64()),
    pa.field("vu", pa.int32()),
    pa.field("iteration", pa.int64()),
    pa.field("trace_id", pa.binary(16)),  # null: sent without trace context
    pa.field("span_id", pa.binary(8)),  # the client span's
    pa.field("sampled", pa.bool_()),
    pa.field("hop", pa.int32()),  # 0, then 1, 2 … along a redirect chain, which shares one span id
    pa.field("tags", _TEXT_MAP),  # the script's own
    pa.field("protocol", pa.string()),  # http | grpc | websocket (its handshake)
    pa.field("control", pa.bool_()),  # sent unsampled on purpose, to be compared with the sampled ones
    pa.field("journey", pa.string()),  # the scenario or group whose trace it shares; null: a trace of its own
    pa.field("correlation_id", pa.string()),  # the script's own X-Correlation-ID; null: it is the trace id
]

PLANNED: Final[list[pa.Field[Any]]] = [
    pa.field("elapsed_ns", pa.int64()),  # request start since the scenario's start; null outside scenarios
    pa.field("stage", pa.string()),  # name of the profile's stage at request start
    pa.field("planned_vus", pa.float64()),  # null for arrival-rate executors
    pa.field("planned_rate", pa.float64()),  # iterations per second; null for VU executors
    pa.field("active_vus", pa.int32()),  # observed: k6's ``vus`` gauge at request start
    pa.field("warmup", pa.bool_()),  # in the declared warm-up
]

REQUESTS: Final = pa.schema([*GENERATED, *PLANNED])
"""Schema of ``requests.parquet``."""

SAMPLED: Final[list[pa.Field[Any]]] = [
    pa.field("metric", pa.string()),
    pa.field("type", pa.string()),  # counter | gauge | rate | trend
    pa.field("contains", pa.string()),  # default | time (milliseconds) | data (bytes)
    pa.field("time_ns", pa.int64()),
    pa.field("value", pa.float64()),
    pa.field("scenario", pa.string()),
    pa.field("group", pa.string()),
    pa.field("check", pa.string()),
    pa.field("tags", _TEXT_MAP),
    pa.field("trace_id", pa.binary(16)),
]

SAMPLES: Final = pa.schema([*SAMPLED, *PLANNED])
"""Schema of ``metrics.parquet``: each k6 sample that is not part of an HTTP request, and what was planned then."""
