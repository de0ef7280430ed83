"""The shape of traces: how deep they are, how wide, how much of them runs at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from k6spec.query.forest import Bools, Forest, Ints, Level


def depth(forest: Forest) -> tuple[Ints, Ints]:
    """Spans of the system, and how many of it stand above one another down to each, itself included."""
    deep = np.zeros(len(forest), np.int64)
    above = np.empty(0, np.int64)
    for level in _levels(forest):
        mine = (~forest.client[level.rows]).astype(np.int64)
        above = mine + (above[level.above] if len(above) else 0)
        deep[level.rows] = above
    rows = np.flatnonzero(~forest.client)
    return rows, deep[rows]


def fan_out(forest: Forest) -> tuple[Bools, Ints]:
    """The members, and how many children each has; a child that was received twice is one."""
    rows = np.flatnonzero(forest.member)
    above, found = forest.children(rows)
    pairs = np.sort((above << 32) | forest.node[found])  # np.unique takes fifty times as long
    once = pairs[np.diff(pairs, prepend=-1) != 0] >> 32
    return forest.member, np.bincount(once, minlength=len(rows))


def concurrency(forest: Forest) -> tuple[Ints, Ints]:
    """Members, and how many of them were running as each began, itself included; what takes no time never runs.

    Each is where it is placed within its parent, for clocks of two hosts are not compared.
    """
    found = list(_levels(forest)) or [forest.top]
    rows, begin, end = (
        np.concatenate([getattr(level, name) for level in found]) for name in ("rows", "begin", "end")
    )
    running = forest.member[rows] & (end > begin)
    rows, begin, end = rows[running], begin[running], end[running]
    once = np.unique(forest.node[rows], return_index=True)[1]  # one that was received twice runs once
    rows, begin, end = rows[once], begin[once], end[once]
    times = np.concatenate([end, begin])
    traces = np.concatenate([forest.trace[rows], forest.trace[rows]])
    steps = np.repeat([-1, 1], len(rows))
    order = np.lexsort((times, traces))  # stable: at the same time what ends comes before what begins
    counts = np.empty(len(order), np.int64)
    counts[order] = np.cumsum(steps[order])
    return rows, counts[len(rows) :]


def _levels(forest: Forest) -> Iterator[Level]:
    """All that hangs below the requests, level by level."""
    met = np.zeros(len(forest), np.bool_)
    level = forest.top
    met[level.rows] = True
    while len(level.rows):
        yield level
        level = forest.below(level, met)
