"""When a load is to stop before its time: k6's ``abortOnFail`` and ``delayAbortEval``, in Python's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from k6spec.declare.location import duration_of, reject
from k6spec.units import Duration, Ratio


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StopWhen:
    """Limits beyond which a load stops; made by :func:`stop_when`."""

    failed: Ratio | None = None
    p95: Duration | None = None
    p99: Duration | None = None
    after: Duration

    def describe(self) -> dict[str, object]:
        """The declaration in plain values: shares as fractions, durations in nanoseconds."""
        plain: dict[str, object] = {"after": self.after.ns}
        if self.failed is not None:
            plain["failed"] = self.failed.fraction
        for name, limit in (("p95", self.p95), ("p99", self.p99)):
            if limit is not None:
                plain[name] = limit.ns
        return plain

    def thresholds(self, scenario: str) -> Iterator[tuple[str, str]]:
        """k6's metric and expression of each limit."""
        if self.failed is not None:
            yield f"http_req_failed{{scenario:{scenario}}}", f"rate<={self.failed.fraction:.9f}"
        for percentile, limit in (("p(95)", self.p95), ("p(99)", self.p99)):
            if limit is not None:
                yield f"http_req_duration{{scenario:{scenario}}}", f"{percentile}<={limit.ns / 1e6:.6f}"


def stop_when(
    *,
    failed: Ratio | None = None,
    p95: Duration | None = None,
    p99: Duration | None = None,
    after: str | Duration = "10s",
) -> StopWhen:
    """Limits beyond which a load stops, over all requests of the scenario since its start, as k6 looks at them.

    ::

        presets.breakpoint(rate=500, stop_when=stop_when(failed=percent(5), p95=seconds(2)))

    A load that stopped is judged for what was made of it; what it would have asked later is inconclusive.

    Args:
        failed: the largest share of failed requests that is borne.
        p95: the longest 95th percentile of request durations that is borne.
        p99: the longest 99th percentile.
        after: how long no limit is looked at, so that a few slow requests at the beginning stop nothing.
    """
    limits = {"failed": failed, "p95": p95, "p99": p99}
    if all(limit is None for limit in limits.values()):
        reject("stop_when() needs a limit, as in stop_when(failed=percent(5), p95=seconds(2))")
    if failed is not None and not isinstance(failed, Ratio):
        reject(f"stop_when(failed={failed!r}): write percent(5)")
    for name in ("p95", "p99"):
        if not isinstance(limits[name], Duration | None):
            reject(f"stop_when({name}={limits[name]!r}): write seconds(2) or ms(800)")
    return StopWhen(failed=failed, p95=p95, p99=p99, after=duration_of("after", after))
