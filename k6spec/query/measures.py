"""What can be measured of a whole trace."""

from __future__ import annotations

from typing import Final

from k6spec.query.critical_path import critical_path
from k6spec.query.forest import Bools, Forest, Ints
from k6spec.query.measured import TraceMeasure
from k6spec.query.shape import concurrency, depth, fan_out


def _outermost(forest: Forest) -> tuple[Bools, Ints]:
    found = critical_path(forest)
    return found.outermost, found.whole[found.outermost]


CRITICAL_TIME: Final = TraceMeasure(of=_outermost, combined="sum", waits=True)
CRITICAL_SHARE: Final = TraceMeasure(of=_outermost, combined="sum", waits=True, share=True)
DEPTH: Final = TraceMeasure(of=depth, combined="max")
FAN_OUT: Final = TraceMeasure(of=fan_out, combined="max")
CONCURRENCY: Final = TraceMeasure(of=concurrency, combined="max")
