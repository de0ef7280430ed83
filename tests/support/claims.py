"""Claims of every kind, each held against a limit beside what it is on the whole of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from k6spec import ms, percent, span, window
from k6spec.judge.derived import COMPARE
from k6spec.judge.verdict import Operator, Unit, Verdict
from k6spec.run import Run
from k6spec.units import Duration, Ratio

Read = Callable[[Any], Any]
"""Of a run, a group or a series something that is compared with a limit."""

STATISTICS: Final[Mapping[str, Read]] = {
    "max": lambda series: series.max,
    "min": lambda series: series.min,
    "mean": lambda series: series.mean,
    "p50": lambda series: series.p50,
    "p95": lambda series: series.p95,
    "sum": lambda series: series.sum,
    "deviation": lambda series: series.standard_deviation,
}

SERIES: Final[Mapping[str, tuple[Unit, Read]]] = {
    "requests": ("ns", lambda run: run.http().duration),
    "duration": ("ns", lambda run: run.spans.db().duration),
    "duration of all": ("ns", lambda run: run.spans.duration),
    "self time": ("ns", lambda run: run.spans(kind="server").self_time),
    "on the path": ("ns", lambda run: run.spans.db().critical_path),
    "own time on the path": ("ns", lambda run: run.spans(kind="server").critical_self_time),
    "share of the trace": ("fraction", lambda run: run.spans.db().share_of_trace),
    "gap of calls": ("ns", lambda run: run.spans("pay").gap),
    "not after": ("ns", lambda run: run.spans.db().not_sibling_of("pay").duration),
    "errors": ("ns", lambda run: run.spans.originating_errors().duration),
    "of one request": ("ns", lambda run: run.spans.db(service=("orders", "stock"))(root="GET /a").duration),
    "a part": ("ns", lambda run: run.spans.db().within(~window.between("0ms", "5ms")).duration),
    "calls": ("count", lambda run: run.traces().calls(db=True)),
    "calls of one request": ("count", lambda run: run.traces(root="GET /a").calls("pay")),
    "repeated": ("count", lambda run: run.traces().repeated(db=True)),
    "path of traces": ("ns", lambda run: run.traces().critical_path(db=True)),
    "share of the path": ("fraction", lambda run: run.traces().critical_share(db=True)),
    "depth": ("count", lambda run: run.traces().depth),
    "fan-out": ("count", lambda run: run.traces().fan_out()),
    "concurrency": ("count", lambda run: run.traces().concurrency(db=True)),
    "gap of traces": ("ns", lambda run: run.traces().gap),
}

OF_SPANS: Final[Mapping[str, tuple[Unit, Read]]] = {
    **{name: ("ns", lambda spans, read=read: read(spans.duration)) for name, read in STATISTICS.items()},
    "bucket": ("fraction", lambda spans: spans.duration.histogram(ms(20))[0]),
    "bucket of shares": ("fraction", lambda spans: spans.share_of_trace.histogram(percent(40))[1]),
    "apdex": ("count", lambda spans: spans.apdex(ms(20))),
    "over": ("fraction", lambda spans: spans.over(ms(20)).rate),
    "count": ("count", lambda spans: spans.count),
    "rate": ("per second", lambda spans: spans.rate),
    "self time": ("ns", lambda spans: spans.self_time.max),
    "share of the trace": ("fraction", lambda spans: spans.share_of_trace.mean),
    "part": ("ns", lambda spans: spans.between("0ms", "30ms").duration.max),
    "every window": ("ns", lambda spans: spans.duration.max.in_every("20ms", step="10ms")),
    "count in every window": ("count", lambda spans: spans.count.in_every("20ms", step="10ms")),
    "narrowed": ("count", lambda spans: spans(longer_than=ms(20)).count),
}

OTHERS: Final[Mapping[str, tuple[Unit, Read]]] = {
    "traces": ("count", lambda run: run.traces().count),
    "bucket of calls": ("fraction", lambda run: run.traces().calls(db=True).histogram(1)[0]),
    "having few": ("fraction", lambda run: run.traces().having(span.db(), at_most=1).rate),
    "having a call": ("fraction", lambda run: run.traces().having("pay").having(span.db(), exactly=1).rate),
    "error count": ("count", lambda run: run.spans.originating_errors().count),
    "errors that went up": ("count", lambda run: run.spans(status="error").reaching_entry().count),
    "calls in every window": ("count", lambda run: run.traces().calls(db=True).mean.in_every("20ms")),
    "exponent": ("count", lambda run: run.spans.db().duration.max.scaling.exponent),
    "knee": ("count", lambda run: run.spans.db().duration.mean.scaling.knee()),
}

PAIRS: Final[Mapping[str, tuple[Read, Read]]] = {
    "spans and requests": (lambda run: run.spans.db().duration.p95, lambda run: run.http().duration.p50),
    "two requests": (
        lambda run: run.spans(root="POST /b").duration.mean,
        lambda run: run.spans.db().duration.mean,
    ),
    "counts": (lambda run: run.spans("pay").count, lambda run: run.spans.db().count),
    "calls": (lambda run: run.traces().calls("pay").mean, lambda run: run.traces().calls(db=True).max),
}


@final
@dataclass(frozen=True, kw_only=True)
class Claim:
    """``value``: what is claimed of, on a run; None where it is nothing. ``judge`` holds it against a limit."""

    unit: Unit
    value: Callable[[Run, Operator], float | None]
    judge: Callable[[Run, Operator, Any], Verdict]

    def limit(self, value: float, sign: Operator, times: float) -> Any:
        """So many times the value, and a trifle more to the side where the value breaks it."""
        trifle = 1.0 if self.unit == "ns" else 1e-9 * max(1.0, abs(value))
        return limit_of(self.unit, times * value + (-trifle if sign == "<=" else trifle))


def limit_of(unit: Unit, value: float) -> Any:
    """The value as a limit of the unit."""
    if unit == "ns":
        return Duration(round(value))
    return Ratio(value) if unit == "fraction" else value


def of_run(unit: Unit, read: Read) -> Claim:
    """Of the run as a whole."""

    def judge(run: Run, sign: Operator, limit: Any) -> Verdict:
        return COMPARE[sign](read(run), limit)

    return Claim(unit=unit, value=_worst_by(unit, judge), judge=judge)


def of_groups(unit: Unit, read: Read) -> Claim:
    """Of the worst of the groups of database spans."""

    def judge(run: Run, sign: Operator, limit: Any) -> Verdict:
        return run.spans.db().by("service").worst(lambda group: COMPARE[sign](read(group), limit))

    return Claim(unit=unit, value=_worst_by(unit, judge), judge=judge)


def of_pair(one: Read, other: Read) -> Claim:
    """Of two statistics, of which one is at most so many times the other."""

    def judge(run: Run, sign: Operator, times: Any) -> Verdict:
        return COMPARE[sign](one(run), max(times, 1e-9) * other(run))

    def value(run: Run, _sign: Operator) -> float | None:
        first, second = one(run).told(), other(run).told()
        return first.value / second.value if first and second and second.value else None

    return Claim(unit="count", value=value, judge=judge)


def _worst_by(
    unit: Unit, judge: Callable[[Run, Operator, Any], Verdict]
) -> Callable[[Run, Operator], float | None]:
    """What a claim of this sign looks at: all break the limit, so of several it is the one that does most."""
    return lambda run, sign: judge(run, sign, limit_of(unit, -1.0 if sign == "<=" else 1e15)).observed


ONES: Final[Mapping[str, tuple[Unit, Read]]] = {
    **{
        f"{name} of {of}": (unit, lambda run, read=read, reduce=reduce: reduce(read(run)))
        for of, (unit, read) in SERIES.items()
        for name, reduce in STATISTICS.items()
    },
    **{
        f"{name} of spans": (unit, lambda run, read=read: read(run.spans.db()))
        for name, (unit, read) in OF_SPANS.items()
    },
    **OTHERS,
}

CLAIMS: Final[Mapping[str, Claim]] = {
    **{name: of_run(unit, read) for name, (unit, read) in ONES.items()},
    **{f"{name} of groups": of_groups(unit, read) for name, (unit, read) in OF_SPANS.items()},
    **{f"{name} compared": of_pair(one, other) for name, (one, other) in PAIRS.items()},
}

PLAIN: Final[Mapping[str, tuple[Unit, Read]]] = {
    name: found for name, found in ONES.items() if "window" not in name and name not in {"exponent", "knee"}
}
"""Those that are plain statistics of a whole run, which a baseline may be of."""

SURE: Final[Mapping[str, tuple[Unit, Read]]] = {
    "median": ("ns", lambda run: run.spans.db().duration.p50),
    "p90": ("ns", lambda run: run.spans.db().duration.p90),
    "mean": ("ns", lambda run: run.spans.db().duration.mean),
    "share": ("fraction", lambda run: run.spans.db().over(ms(20)).rate),
    "rate": ("per second", lambda run: run.spans.db().rate),
    "share of the path": ("fraction", lambda run: run.traces().critical_share(db=True).mean),
}
"""Those that have an interval."""
