"""Where the time goes that slow traces take and others do not: by service and operation, nothing counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from k6spec.explain.sides import LEAST, Sides
from k6spec.query.database import Database
from k6spec.store.spans import CLIENT_SERVICE

Kind = Literal["statement", "own", "connection", "lock", "between"]
"""What time was spent on: a ``statement``; a service's ``own`` work; waiting for a ``connection`` or a ``lock``;
``between`` a caller and the service it called, in the network or in a queue before any span began."""

_RESAMPLES: Final = 500
_LEAST_SHARE: Final = 0.1
_LEAST_NS: Final = 1e6
_MOST: Final = 3
# Below this part of what the slow ones take, the peers are as slow: then all the time counts, not the difference.
_TELLING: Final = 0.3

_LOCKS: Final = "|".join(
    (
        r"^\s*BEGIN\s+(IMMEDIATE|EXCLUSIVE)",  # SQLite
        r"^\s*LOCK\s",
        r"\sFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)",
        r"advisory_(xact_)?lock|GET_LOCK",  # PostgreSQL, MySQL
    )
)

# A database span without a statement that is a connect waits for the pool or the server to give a connection.
_KIND: Final = f"""CASE
    WHEN s.category = 'db' AND s.db_statement IS NULL AND s.name ILIKE '%connect%' THEN 'connection'
    WHEN s.category = 'db' AND regexp_matches(coalesce(s.db_statement, s.name),
        '{_LOCKS}', 'i') THEN 'lock'
    WHEN s.category IN ('db', 'cache') THEN 'statement'
    WHEN callee.service IS NOT NULL AND s.kind IN ('client', 'producer') THEN 'between'
    ELSE 'own' END"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one operation adds to the slow traces. Times are nanoseconds a trace, means over each side.

    ``low`` and ``high``: the 95 % interval of ``slow_ns - typical_ns``, by bootstrap over traces; infinite for
    fewer than five slow ones. ``share``: of all that slow traces take longer. ``calls``, ``typical_calls``: spans
    a trace. What is typical is 0 without peers.
    """

    kind: Kind
    service: str
    what: str
    slow_ns: float
    typical_ns: float
    low: float
    high: float
    share: float
    calls: float
    typical_calls: float

    @property
    def extra_ns(self) -> float:
        """How much longer slow traces spend here."""
        return self.slow_ns - self.typical_ns


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The operations that make traces slow, largest first; ``against_peers``: compared with healthy ones."""

    operation: str
    shares: tuple[Share, ...]
    slow_ns: float
    typical_ns: float
    against_peers: bool


def attribution(database: Database, sides: Sides) -> Attribution | None:
    """Divides what slow traces take (longer than their peers) among the operations below them.

    An operation's part is its own time on the critical path: while a call below it is waited for, the time is the
    call's, and what runs beside a longer call is nobody's. What is smaller than a tenth, or may as well be nothing
    (its interval holds 0), is left out. A few slow traces have no interval; None where they have no peers either.
    """
    few = len(sides.offending) < LEAST
    if few and not sides.peers:
        return None
    slow, typical = _sides(database, sides)
    slow_total, typical_total = slow.total, typical.total if sides.peers else 0.0
    against_peers = bool(sides.peers) and slow_total - typical_total >= _TELLING * slow_total
    if not against_peers:
        typical = _Times.nothing()
    whole = slow_total - (typical_total if against_peers else 0.0)
    extras = {key: slow.mean(key) - typical.mean(key) for key in slow.keys}
    largest = sorted(extras, key=lambda key: (-extras[key], key))[:_MOST]
    telling = [key for key in largest if extras[key] >= max(_LEAST_SHARE * whole, _LEAST_NS)]
    shares = [_share(key, slow, typical, whole) for key in telling]
    return Attribution(
        operation=sides.operation,
        shares=tuple(share for share in shares if few or share.low > 0),
        slow_ns=slow_total,
        typical_ns=typical_total,
        against_peers=against_peers,
    )


def busiest(database: Database, sides: Sides) -> Share | None:
    """The operation that offending traces call most often beyond what their peers do."""
    slow, typical = _sides(database, sides)
    extra = {key: slow.calls(key) - typical.calls(key) for key in slow.keys if key[1] != CLIENT_SERVICE}
    if not extra:
        return None
    most = min(extra, key=lambda key: (-extra[key], key))
    return _share(most, slow, typical, slow.total)


def differences(database: Database, trace_id: str, twin: str) -> tuple[Share, ...]:
    """By which operations two traces of one kind differ by a millisecond or more, largest first; ids in hex.

    ``slow_ns`` and ``calls`` are the trace's, ``typical_ns`` and ``typical_calls`` its twin's.
    """
    here, there = _times(database, (trace_id,)), _times(database, (twin,))
    keys = {*here.keys, *there.keys}
    found = [_share(key, here, there, here.total - there.total) for key in keys]
    telling = [share for share in found if abs(share.extra_ns) >= _LEAST_NS]
    return tuple(sorted(telling, key=lambda share: (-abs(share.extra_ns), share.service, share.what)))


_Key = tuple[Kind, str, str]


def _share(key: _Key, slow: _Times, typical: _Times, whole: float) -> Share:
    low, high = _interval(slow.values(key), typical.values(key))
    kind, service, what = key
    return Share(
        kind=kind,
        service=service,
        what=what,
        slow_ns=slow.mean(key),
        typical_ns=typical.mean(key),
        low=low,
        high=high,
        share=(slow.mean(key) - typical.mean(key)) / whole if whole else 0.0,
        calls=slow.calls(key),
        typical_calls=typical.calls(key),
    )


def _sides(database: Database, sides: Sides) -> tuple[_Times, _Times]:
    return _times(database, sides.offending), _times(database, sides.peers)


@final
@dataclass(frozen=True, slots=True)
class _Times:
    """Self time by operation and trace; a trace without an operation has nothing of it."""

    traces: int
    by_key: dict[_Key, tuple[NDArray[np.float64], float]]

    @classmethod
    def nothing(cls) -> _Times:
        return cls(0, {})

    @property
    def keys(self) -> list[_Key]:
        return list(self.by_key)

    @property
    def total(self) -> float:
        return sum(self.mean(key) for key in self.by_key)

    def values(self, key: _Key) -> NDArray[np.float64]:
        """Nanoseconds of each trace."""
        there = self.by_key[key][0] if key in self.by_key else np.empty(0)
        return np.concatenate([there, np.zeros(self.traces - len(there))])

    def mean(self, key: _Key) -> float:
        return float(self.by_key[key][0].sum()) / self.traces if key in self.by_key else 0.0

    def calls(self, key: _Key) -> float:
        return self.by_key[key][1] / self.traces if key in self.by_key else 0.0


def _times(database: Database, traces: tuple[str, ...]) -> _Times:
    rows = database.rows(
        f"""WITH chosen AS (SELECT unhex(unnest(?)) AS trace_id),
        own AS (
            SELECT s.* FROM spans s
            WHERE s.trace_no IN (SELECT trace_no FROM traces JOIN chosen USING (trace_id))),
        callee AS (
            SELECT k.parent_node, any_value(k.service) AS service
            FROM own k JOIN own p ON p.node = k.parent_node AND p.service <> k.service GROUP BY ALL),
        named AS (
            SELECT s.trace_id, s.critical_self_ns, {_KIND} AS cause, s.service,
                   CASE WHEN cause = 'between' THEN callee.service
                        ELSE coalesce(s.db_statement, s.name) END AS what
            FROM own s LEFT JOIN callee ON callee.parent_node = s.node)
        SELECT cause, service, what, list(ns ORDER BY ns), sum(calls) FROM (
            SELECT trace_id, cause, service, what, sum(critical_self_ns)::DOUBLE AS ns, count(*) AS calls
            FROM named GROUP BY ALL)
        GROUP BY cause, service, what ORDER BY cause, service, what""",
        [list(traces)],
    )
    return _Times(len(traces), {_key(*row[:3]): (np.array(row[3]), float(row[4])) for row in rows})


def _key(kind: Any, service: str, what: str) -> _Key:
    # A client without a span below it is k6's own wait for something that gives no spans.
    return ("between" if service == CLIENT_SERVICE else kind), service, what


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
