"""The critical path: what the end of a request waited for.

From the end of a request back to its start: of the children that had ended by then, the one that ended last was
waited for, from its end to its start; what no child takes is the span's own. So children that ran side by side are
not counted twice, and one that ended while the next was already running is not on the path: the next did not wait
for it. Children are taken only as far as they lie within their parent, as that one lies within its own.

As in Jaeger's view of it, and in Zhang et al., CRISP: Critical Path Analysis of Large-Scale Microservice
Architectures, USENIX ATC 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from k6spec.query.forest import Bools, Forest, Ints, Level


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalPath:
    """Nanoseconds on the critical path, for each span of a forest.

    ``whole``: with what it called; ``own``: without. ``outermost``: it is a member, and none is above it, so that
    the ``whole`` of these can be added up.
    """

    whole: Ints
    own: Ints
    outermost: Bools


def critical_path(forest: Forest) -> CriticalPath:
    """How long each span was on the critical path of its request."""
    whole, own = np.zeros(len(forest), np.int64), np.zeros(len(forest), np.int64)
    outermost, met = np.zeros(len(forest), np.bool_), np.zeros(len(forest), np.bool_)
    level = forest.top
    met[level.rows] = True
    within = np.zeros(len(level.rows), np.bool_)
    while len(level.rows):
        length = level.end - level.begin
        member = forest.member[level.rows]
        whole[level.rows] = length
        outermost[level.rows] = member & ~within
        below = _waited_for(_clipped(forest.below(level, met), level), forest)
        called = np.bincount(below.above, below.end - below.begin, len(length)).astype(np.int64)
        own[level.rows] = length - called
        within = (within | member)[below.above]
        level = below
    return CriticalPath(whole=whole, own=own, outermost=outermost)


def _clipped(level: Level, above: Level) -> Level:
    """As far as they lie within their parents; what doesn't is left out."""
    low, high = above.begin[level.above], above.end[level.above]
    begin, end = np.clip(level.begin, low, high), np.clip(level.end, low, high)
    clipped = Level(rows=level.rows, above=level.above, begin=begin, end=end, shift=level.shift)
    return clipped.only(end > begin)


def _waited_for(level: Level, forest: Forest) -> Level:
    """Of each parent's children those on the path. All are laid end to end on one axis, parent after parent."""
    if not len(level.rows):
        return level
    origin = np.full(int(level.above.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(origin, level.above, level.begin)
    reach = np.zeros(len(origin), np.int64)
    np.maximum.at(reach, level.above, level.end - origin[level.above])
    moved = (np.cumsum(reach) - reach - origin)[level.above]
    begins, ends = level.begin + moved, level.end + moved
    order = np.argsort(ends)
    if np.any(np.diff(ends[order]) == 0):  # of two that end together the longer one, of equals the first archived
        order = np.lexsort((-forest.node[level.rows], -begins, ends))
    begins, ends, parents = begins[order], ends[order], level.above[order]
    path = np.zeros(len(order), np.bool_)
    last = np.flatnonzero(np.append(np.diff(parents) != 0, True))
    while len(last):
        path[last] = True
        before = np.searchsorted(ends, begins[last], "right") - 1
        last = before[(before >= 0) & (parents[before] == parents[last])]
    return level.only(order[path])
