"""The Collector's configuration for a pipeline that is not ours: its loads' traces come to k6spec as well.

Source: OpenTelemetry Collector 0.157, READMEs of the ``otlp_grpc`` exporter and of contrib's ``tail_sampling``
processor. Its policy ``trace_state`` samples a trace if one of its spans carries the value: SDKs hand tracestate
down, and what calls a service without it is in the trace all the same.
"""

from __future__ import annotations

import socket
from typing import Any, Final

import yaml

from k6spec.stack.collector_config import OLDEST

EXAMPLE: Final = "k6spec.example:4319"
"""Where k6spec's receiver is, if the setting ``receiver`` does not say."""

_NAME: Final = "k6spec"
_POLICY: Final = {
    "name": _NAME,
    "type": "trace_state",
    "trace_state": {"key": "k6spec", "values": ["load", "preflight"]},
}
_HEAD: Final = """\
# Beside a Collector's own configuration: otelcol --config=yours.yaml --config=k6spec.yaml
# Its pipelines stay as they are; this one hands the traces of k6spec's loads and of the few requests before them
# (tracestate k6spec=load, k6spec=preflight) on to {endpoint}.
# - receivers: those of your traces pipeline.
# - endpoint: {where}
# - tail_sampling: of the contrib and k8s distributions. Without it, leave it out: all traces come, and
#   k6spec passes over those of other traffic. With several Collectors, the spans of a trace must meet in one.
# - before {oldest} the exporter is called otlp/k6spec.
"""
_TAIL: Final = """\
#
# If a pipeline of yours samples by the tail, its processor needs the policy as well, so that the traces which
# k6spec's messages name are kept where people look at them:
#
"""


def snippet(receiver: str | None) -> dict[str, Any]:
    """What is to be merged into the Collector's configuration.

    Args:
        receiver: ``host:port``, as the setting has it.
    """
    return {
        "processors": {
            f"tail_sampling/{_NAME}": {
                # Well below k6spec's own wait for traces; a span that is later follows its trace at once.
                "decision_wait": "5s",
                "num_traces": 100_000,
                "decision_cache": {"sampled_cache_size": 1_000_000},
                "policies": [_POLICY],
            }
        },
        "exporters": {
            f"otlp_grpc/{_NAME}": {
                "endpoint": _endpoint(receiver),
                "tls": {"insecure": True},
                # Between sessions nobody listens there: what cannot be sent is dropped, and holds nothing up.
                "retry_on_failure": {"max_interval": "2s", "max_elapsed_time": "10s"},
            }
        },
        "service": {
            "pipelines": {
                f"traces/{_NAME}": {
                    "receivers": ["otlp"],
                    "processors": [f"tail_sampling/{_NAME}"],
                    "exporters": [f"otlp_grpc/{_NAME}"],
                }
            }
        },
    }


def snippet_text(receiver: str | None) -> str:
    """The same as text that explains itself: one YAML document, the policy for other processors as a comment."""
    where = "where the Collector reaches k6spec"
    where += ", as the setting receiver says." if receiver else "; set receiver in [tool.k6spec] to it."
    head = _HEAD.format(endpoint=_endpoint(receiver), where=where, oldest=OLDEST)
    policy = yaml.safe_dump({"processors": {"tail_sampling": {"policies": [_POLICY]}}}, sort_keys=False)
    commented = "".join(f"#   {line}\n" for line in policy.splitlines())
    return head + yaml.safe_dump(snippet(receiver), sort_keys=False) + _TAIL + commented


def _endpoint(receiver: str | None) -> str:
    if not receiver:
        return EXAMPLE
    host, _, port = receiver.rpartition(":")
    every_address = host.strip("[]") in {"0.0.0.0", "::"}
    return f"{socket.gethostname()}:{port}" if every_address else receiver
