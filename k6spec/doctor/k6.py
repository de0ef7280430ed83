"""k6: there, and new enough."""

from __future__ import annotations

from collections.abc import Iterator

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding
from k6spec.errors import K6Fault
from k6spec.k6.binary import OLDEST, find_k6


def k6(case: Case) -> Iterator[Finding]:
    """Where it was found, its version, and whether it has somewhere to send its own metrics."""
    try:
        binary = find_k6(case.config.k6)
    except K6Fault as fault:
        yield Finding(topic="k6", status="problem", seen=fault.cause, advice=fault.advice)
        return
    oldest = ".".join(map(str, OLDEST[:2]))
    seen = f"{binary.version_text} at {binary.path} ({oldest} or newer is needed)"
    yield Finding(topic="k6", status="ok", seen=seen)
    if case.config.k6_metrics != "off" and case.stack == "external" and not case.config.otlp_grpc:
        yield Finding(
            topic="k6's metrics",
            status="warning",
            seen=f"k6_metrics = {case.config.k6_metrics!r}, and there is no endpoint to send them to",
            advice="set otlp_grpc in [tool.k6spec]",
        )
