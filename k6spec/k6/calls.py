"""gRPC calls and WebSocket handshakes as rows of the request table, which k6 reports as one sample each.

Source: ``js/modules/k6/{grpc,ws,websockets}`` and ``lib/netext/grpcext`` of k6 1.1 to 1.8.
"""

from __future__ import annotations

from typing import Final

from k6spec.k6.rows import PROTOCOL, Tags

GRPC: Final = "grpc_req_duration"
"""k6's metric of gRPC calls and streams; its samples have the time of the end."""

WEBSOCKET: Final = "ws_connecting"
"""k6's metric of WebSocket handshakes; its samples have the time of the beginning."""

_CODES: Final = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE"),
    *("UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
# With these there may have been no answer at all; otherwise gRPC's answers have HTTP status 200.
# Who cancels a stream has a connection, and may have got as much as it wanted.
_UNANSWERED: Final = frozenset({"DEADLINE_EXCEEDED", "UNAVAILABLE"})
_SWITCHED: Final = "101"


def is_call(metric: str, tags: Tags) -> bool:
    """Whether a sample is of a call or handshake that the script makes.

    Of reflection, of which only failures give samples (k6 tries its newer version first), and of health checks k6
    names no method, and they get no context.
    """
    return metric == WEBSOCKET or (metric == GRPC and "method" in tags)


def as_request(metric: str, tags: Tags) -> Tags:
    """The tags of a call as those of a request: its status is that of HTTP, a gRPC code becomes its error."""
    tags = {name: value for name, value in tags.items() if name != "error"}  # the script's own: k6 gives none
    if metric == WEBSOCKET:
        status = tags.get("status", "0")
        url = tags.get("url", "")
        error = {} if status == _SWITCHED else {"error": "the handshake failed"}
        return {"name": url, **tags, **error, PROTOCOL: "websocket", "method": "GET", "status": status}
    code = int(tags.get("status", "2"))
    name = _CODES[code] if code < len(_CODES) else str(code)
    failed = {"error": name, "error_code": str(code)} if code else {}
    return {**tags, **failed, PROTOCOL: "grpc", "status": "0" if name in _UNANSWERED else "200"}
