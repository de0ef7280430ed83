"""What can be measured of a whole trace."""

from __future__ import annotations

from typing import Final

import numpy as np

from k6spec.query.critical_path import critical_path
from k6spec.query.forest import Bools, Forest, Ints
from k6spec.query.measured import TraceMeasure
from k6spec.query.shape import concurrency, depth, fan_out


def _outermost(forest: Forest) -> tuple[Bools, Ints]:
    found = critical_path(forest)
    return found.outermost, found.whole[found.outermost]


def client_gap(forest: Forest) -> Ints:
    """By how much each span lasted longer than the longest server span below it; -1 where there is none."""
    rows = np.flatnonzero(forest.member)
    return _gaps(forest, rows, forest.answers)


def _entry_gap(forest: Forest) -> tuple[Ints, Ints]:
    rows = np.flatnonzero(forest.client)
    gaps = _gaps(forest, rows, ~forest.client)[rows]
    return rows[gaps >= 0], gaps[gaps >= 0]


def _gaps(forest: Forest, rows: Ints, answering: Bools) -> Ints:
    """Lengths only are compared: two clocks say nothing of one another."""
    above, found = forest.children(rows)
    answers = answering[found]
    above, found = above[answers], found[answers]
    longest = np.full(len(rows), -1, np.int64)
    np.maximum.at(longest, above, forest.length[found])
    gaps = np.full(len(forest), -1, np.int64)
    gaps[rows] = np.where(longest < 0, -1, np.maximum(forest.length[rows] - longest, 0))
    return gaps


CRITICAL_TIME: Final = TraceMeasure(of=_outermost, combined="sum", waits=True)
CRITICAL_SHARE: Final = TraceMeasure(of=_outermost, combined="sum", waits=True, share=True)
DEPTH: Final = TraceMeasure(of=depth, combined="max")
FAN_OUT: Final = TraceMeasure(of=fan_out, combined="max")
CONCURRENCY: Final = TraceMeasure(of=concurrency, combined="max")
ENTRY_GAP: Final = TraceMeasure(of=_entry_gap, combined="sum", waits=True)
