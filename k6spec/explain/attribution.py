"""Where the time goes that slow traces take and others do not: by service and operation, nothing counted twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.explain.sides import LEAST, Sides
from k6spec.explain.times import Key, Kind, Times, both, single
from k6spec.explain.waiting import Holder, holder
from k6spec.query.database import Database
from k6spec.store.spans import CLIENT_SERVICE

_RESAMPLES: Final = 500
_LEAST_SHARE: Final = 0.1
_LEAST_NS: Final = 1e6
_MOST: Final = 3
# Below this part of what the slow ones take, the peers are as slow: then all the time counts, not the difference.
_TELLING: Final = 0.3


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one operation adds to the slow traces. Times are nanoseconds a trace, means over each side.

    ``low`` and ``high``: the 95 % interval of ``slow_ns - typical_ns``, by bootstrap over traces; infinite for
    fewer than five slow ones. ``share``: of all that slow traces take longer. ``calls``, ``typical_calls``: spans
    a trace. What is typical is 0 without peers. ``services``: whose spans they are; several may wait for one lock.
    ``place``: the service, or the lock's database. ``holder``: who has the lock meanwhile.
    """

    kind: Kind
    place: str
    services: tuple[str, ...]
    what: str
    slow_ns: float
    typical_ns: float
    low: float
    high: float
    share: float
    calls: float
    typical_calls: float
    holder: Holder | None = None

    @property
    def service(self) -> str:
        """Where its cause is: the service that holds the lock, else the one whose spans they are."""
        return self.holder.service if self.holder else self.services[0]

    @property
    def extra_ns(self) -> float:
        """How much longer slow traces spend here."""
        return self.slow_ns - self.typical_ns


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The operations that make traces slow, largest first; ``against_peers``: compared with healthy ones.

    ``of_spans``: of the spans that a claim is about and what is below them, not of whole traces.
    """

    operation: str
    shares: tuple[Share, ...]
    slow_ns: float
    typical_ns: float
    against_peers: bool
    of_spans: bool = False


def attribution(database: Database, sides: Sides) -> Attribution | None:
    """Divides what slow traces take (longer than their peers) among the operations below them.

    Where the claim is on spans, it is those and what they call that is divided: what their traces did elsewhere
    made no span slow. An operation's part is its own time on the critical path: while a call below it is waited
    for, the time is the call's, and what runs beside a longer call is nobody's. What is smaller than a tenth, or
    may as well be nothing (its interval holds 0), is left out. A few slow traces have no interval; None where they
    have no peers either.
    """
    few = len(sides.offending) < LEAST
    if few and not sides.peers:
        return None
    slow, typical = both(database, sides)
    slow_total, typical_total = slow.total, typical.total if sides.peers else 0.0
    against_peers = bool(sides.peers) and slow_total - typical_total >= _TELLING * slow_total
    if not against_peers:
        typical = Times.nothing()
    whole = slow_total - (typical_total if against_peers else 0.0)
    extras = {key: slow.mean(key) - typical.mean(key) for key in slow.keys}
    largest = sorted(extras, key=lambda key: (-extras[key], key))[:_MOST]
    telling = [key for key in largest if extras[key] >= max(_LEAST_SHARE * whole, _LEAST_NS)]
    shares = [_share(key, slow, typical, whole) for key in telling]
    return Attribution(
        operation=sides.operation,
        shares=tuple(_held(database, sides, share) for share in shares if few or share.low > 0),
        slow_ns=slow_total,
        typical_ns=typical_total,
        against_peers=against_peers,
        of_spans=bool(sides.spans),
    )


def busiest(database: Database, sides: Sides) -> Share | None:
    """The operation that offending traces call most often beyond their peers, of those that a claim counts."""
    slow, typical = both(database, sides)
    extra = {key: slow.calls(key) - typical.calls(key) for key in slow.keys if key[1] != CLIENT_SERVICE}
    if not extra:
        return None
    most = min(extra, key=lambda key: (-extra[key], key))
    return _share(most, slow, typical, slow.total)


def differences(database: Database, sides: Sides, trace_id: str, twin: str) -> tuple[Share, ...]:
    """By which operations two traces of the sides differ by a millisecond or more, largest first; ids in hex.

    ``slow_ns`` and ``calls`` are the trace's, ``typical_ns`` and ``typical_calls`` its twin's.
    """
    here, there = single(database, sides, trace_id), single(database, sides, twin)
    keys = {*here.keys, *there.keys}
    found = [_share(key, here, there, here.total - there.total) for key in keys]
    telling = [share for share in found if abs(share.extra_ns) >= _LEAST_NS]
    return tuple(sorted(telling, key=lambda share: (-abs(share.extra_ns), share.services, share.what)))


def _share(key: Key, slow: Times, typical: Times, whole: float) -> Share:
    low, high = _interval(slow.values(key), typical.values(key))
    kind, place, what = key
    return Share(
        kind=kind,
        place=place,
        services=tuple(sorted({*slow.services(key), *typical.services(key)})),
        what=what,
        slow_ns=slow.mean(key),
        typical_ns=typical.mean(key),
        low=low,
        high=high,
        share=(slow.mean(key) - typical.mean(key)) / whole if whole else 0.0,
        calls=slow.calls(key),
        typical_calls=typical.calls(key),
    )


def _held(database: Database, sides: Sides, share: Share) -> Share:
    if share.kind != "lock":
        return share
    return replace(share, holder=holder(database, share.place, share.what, sides.offending))


def _interval(slow: NDArray[np.float64], typical: NDArray[np.float64]) -> tuple[float, float]:
    if len(slow) < LEAST:
        return -inf, inf
    draw = np.random.default_rng(0)  # the same archive is always explained alike
    means = [_means(side, draw) for side in (slow, typical)]
    low, high = np.quantile(means[0] - means[1], (0.025, 0.975))
    return float(low), float(high)


def _means(values: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.float64]:
    if not len(values):
        return np.zeros(_RESAMPLES)
    picked = draw.integers(len(values), size=(_RESAMPLES, len(values)), dtype=np.int32)
    means: NDArray[np.float64] = values[picked].mean(axis=1)
    return means
