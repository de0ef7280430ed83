"""One statement told by two instrumentations as siblings.

Where an ORM and its driver are both instrumented, the driver's span is mostly a child of the ORM's. SQLAlchemy's
instrumentation does not make its span the current one, so there both have the same parent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from k6spec.query.numbering import Ints, Keys, numbered

Bools = NDArray[np.bool_]


def within_siblings(
    *, parent: Ints, statement: Keys, clock: Ints, scope: Keys, start: Ints, length: Ints
) -> Bools:
    """Which spans lie within a sibling that tells of the same statement, in the same process, in another scope.

    All arrays have an item for each span; those without a parent or statement are not to be among them.
    """
    repeats = np.zeros(len(parent), np.bool_)
    rows = np.flatnonzero(_told_twice(clock, scope))
    if not len(rows):
        return repeats
    end = start[rows] + length[rows]
    order = np.lexsort((-end, start[rows], statement[rows], clock[rows], parent[rows]))
    rows, end = rows[order], end[order]
    group = (parent[rows], clock[rows], statement[rows])
    new = np.any([np.diff(column, prepend=column[:1]) != 0 for column in group], axis=0)
    rank = np.unique(end, return_inverse=True)[1]
    key = np.cumsum(new) * len(rows) + rank  # siblings come one after another, each later group with greater keys
    for one in np.unique(scope[rows]):
        latest = np.maximum.accumulate(np.where(scope[rows] == one, key, -1))
        repeats[rows[(scope[rows] != one) & (latest >= key)]] = True
    return repeats


def _told_twice(clock: Ints, scope: Keys) -> Bools:
    """Which are of processes that have statements of more than one scope: mostly none."""
    first = numbered(clock.astype(np.uint64), scope)[1]
    clocks, scopes = np.unique(clock[first], return_counts=True)
    return np.isin(clock, clocks[scopes > 1])
