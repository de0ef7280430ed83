"""What a claim judges: the values that were observed, and what may be missing beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.selectors import Condition

Noun = Literal["request", "span", "trace", "sample"]
"""What is counted; every message names it."""

Floats = NDArray[np.float64]
"""Observed or missing values: nanoseconds for durations, plain numbers for counts."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One member of a population, to be shown and linked. Ids are hex; ``elapsed_ns`` in its scenario."""

    value: float
    trace_id: str | None
    span_id: str | None
    what: str
    service: str | None
    vu: int | None
    elapsed_ns: int | None
    statement: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What was not seen of the claim's own requests.

    ``client_ns``: for each request without a complete trace, how long its client waited: no synchronous span
    of that trace lasted longer. ``seen``: of each incomplete trace what was received of its value, which is the
    least that it can be; ``most``: what is the most, None where there is none. ``starts``: when
    the requests began, Unix nanoseconds. ``uninstrumented``: operations that
    never gave a trace; they are not loss.
    """

    client_ns: Floats = field(default_factory=lambda: np.empty(0))
    seen: Floats = field(default_factory=lambda: np.empty(0))
    most: Floats | None = None
    starts: Floats | None = None
    uninstrumented: tuple[str, ...] = ()

    @property
    def traces(self) -> int:
        """How many traces are missing or incomplete."""
        return len(self.client_ns)

    def between(self, start_ns: float, end_ns: float) -> Missing:
        """Those that began from - to; where it is not known when they did, all of them may have."""
        if self.starts is None:
            return self
        inside = (self.starts >= start_ns) & (self.starts < end_ns)
        return Missing(
            client_ns=self.client_ns[inside],
            seen=self.seen[inside] if len(self.seen) else self.seen,
            most=None if self.most is None else self.most[inside],
            starts=self.starts[inside],
            uninstrumented=self.uninstrumented,
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The values that a statistic reduces, with what surrounds them.

    ``per_trace`` is the largest number of members that one trace had; ``scope`` the number of requests the
    claim is about; ``seconds`` the time they span; ``none_is_a_finding``: an empty population is a true zero.
    ``within``: conditions on the traces of the claim's part of the load; ``window``: those of them that say when.
    ``succeeded``: for each value whether its request, or all of its trace, did; None where that is no question.
    ``may_all_fail``: what was asked for is how they went, and not a latency that failures flatter.
    ``starts``: for each value when its request began, Unix nanoseconds, in any order; None where they are in the
    order of time. Intervals need it.
    ``misspelt``: whether a name that was asked for is likely wrong, where nothing matched.
    ``part``: what of it meets one more condition on the requests, read anew.
    ``unseen``: it is of a group that was not seen, and may not be there at all.
    ``doubtful``: a span that was dropped could have taken a member away, or made its value smaller.
    ``shares``: the values are shares of their trace's time, and no nanoseconds.
    ``counted``: of traces, conditions on the spans of which each value says how many there are.
    """

    noun: Noun
    text: str
    values: Floats
    scope: int
    seconds: float
    missing: Missing
    per_trace: int = 1
    succeeded: NDArray[np.bool_] | None = None
    may_all_fail: bool = False
    starts: Floats | None = None
    part: Callable[[Condition], Population] | None = None
    unseen: bool = False
    doubtful: bool = False
    shares: bool = False
    counted: tuple[Condition, ...] = ()
    none_is_a_finding: bool = False
    within: tuple[Condition, ...] = ()
    window: tuple[Condition, ...] = ()
    worst: Callable[[int, bool], list[Sighting]]
    traces_beyond: Callable[[float, bool], int]
    why_empty: Callable[[], str]
    shared_statement: Callable[[float], tuple[str, int] | None] = lambda _limit: None
    misspelt: Callable[[], bool] = lambda: False

    @property
    def successful(self) -> Floats | None:
        """The values of the requests that succeeded, and of their traces; None where that is no question."""
        if self.succeeded is None or not len(self.values) or (self.may_all_fail and not self.succeeded.any()):
            return None
        return self.values[self.succeeded]

    def none_seen(self) -> Population:
        """As that of a group all of whose members are missing, if it is there."""
        return replace(
            self,
            unseen=True,
            values=np.empty(0),
            succeeded=None,
            starts=np.empty(0),
            none_is_a_finding=False,
            worst=lambda _count, _largest: [],
            traces_beyond=lambda _limit, _over: 0,
            shared_statement=lambda _limit: None,
            why_empty=lambda: "nothing of such a group was seen, and it may hide in what is missing",
        )
