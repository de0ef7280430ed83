"""Self time: how long a span lasted while none of its children did.

Children count once where they overlap, and only as far as they lie within the span. A child of another service or
host has another clock: of it only the length is taken, moved as little as needed to lie within the span.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def self_times(
    start: Ints, length: Ints, clock: NDArray[np.int32], parent: Ints, child: Ints
) -> NDArray[np.int64]:
    """The self time of each span, in nanoseconds.

    Args:
        start: of each span, in nanoseconds; ``length`` and ``clock`` likewise.
        parent: with ``child`` pairs of spans, as places in the other arrays.
    """
    low, high = start[parent], ends(start, length)[parent]
    lasting = length[child]
    moved = np.maximum(low, np.minimum(start[child], high - lasting))
    begin = np.where(clock[child] == clock[parent], start[child], moved)
    finish = np.minimum(ends(begin, lasting), high)
    begin = np.maximum(begin, low)
    inside = begin < finish
    parent, begin, finish = parent[inside], begin[inside], finish[inside]

    # Laid out parent after parent, and for each in the order in which its children begin.
    order = np.argsort(parent * len(begin) + _ranks(begin))
    parent, begin, finish = parent[order], begin[order], finish[order]
    place = _ranks(finish)
    latest = np.maximum.accumulate(parent * len(begin) + place)[:-1]
    covered = begin.copy()
    if len(latest):
        by_place = np.empty_like(finish)
        by_place[place] = finish
        same = latest // len(begin) == parent[1:]
        covered[1:][same] = np.maximum(begin[1:], by_place[latest % len(begin)])[same]
    busy = np.zeros(len(start), np.int64)
    np.add.at(busy, parent, np.maximum(finish - covered, 0))
    return length - busy


def ends(start: Ints, length: Ints) -> Ints:
    """When each ended; no later than there are numbers for."""
    left: Ints = np.iinfo(np.int64).max - start.clip(min=0)
    return start + np.minimum(length, left)


def _ranks(values: Ints) -> Ints:
    """Where each would stand in order; equal ones stand in some order."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values)] = np.arange(len(values))
    return ranks
