"""``baseline()``: a limit that earlier runs set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Final, final

from k6spec.errors import UsageError
from k6spec.judge.limits import KINDS
from k6spec.judge.past import FEWEST, Chosen
from k6spec.judge.verdict import Unit
from k6spec.units import Duration, Ratio

_SLACK: Final = {"ns": "ms(2)", "fraction": "percent(1)", "count": "3", "per second": "5"}


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """What earlier runs measured of the statistic that it is compared with, times ``factor``, plus ``slack``."""

    chosen: Chosen
    sure: float
    factor: float = 1.0
    slack: Duration | Ratio | float | None = None

    def __mul__(self, factor: float) -> Baseline:
        """So many times the baseline: ``1.05 * baseline()`` is 5 % above it."""
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < inf:
            raise UsageError(f"{factor!r} times a baseline: give a number above 0, as in 1.05 * baseline()")
        if self.slack is not None:
            raise UsageError("multiply the baseline first, as in 1.05 * baseline() + ms(2)")
        return replace(self, factor=self.factor * factor)

    __rmul__ = __mul__

    def __add__(self, slack: Duration | Ratio | float) -> Baseline:
        """So much above the baseline: ``baseline() + ms(20)``."""
        if (
            self.slack is not None
            or isinstance(slack, bool)
            or not isinstance(slack, (Duration, Ratio, int, float))
        ):
            raise UsageError(f"a baseline plus {slack!r}: write one amount, as in 1.05 * baseline() + ms(2)")
        return replace(self, slack=slack)

    __radd__ = __add__

    def added(self, unit: Unit) -> float:
        """The slack in ``unit``.

        Raises:
            UsageError: it is of another kind than the statistic.
        """
        match unit, self.slack:
            case _, None:
                return 0.0
            case "ns", Duration(ns=number):
                return float(number)
            case "fraction", Ratio(fraction=number):
                return number
            case (("count" | "per second"), int() | float()):
                return float(self.slack)
        raise UsageError(
            f"baseline() + {self.slack}: what is compared is {KINDS[unit]}; write an amount of that kind, as in "
            f"baseline() + {_SLACK[unit]}"
        )

    def __str__(self) -> str:
        factor = f"{self.factor:g} × " if self.factor != 1 else ""
        return f"{factor}baseline{'' if self.slack is None else f' + {self.slack}'}"


def baseline(*, branch: str | None = None, runs: int = 20, pin: str | None = None, sure: float = 0.95) -> Baseline:
    """What earlier runs of the same load, on the same system and machine, measured of the same statistic.

    ::

        assert run.http("POST /checkout").duration.p95 <= 1.05 * baseline()
        assert run.traces(root="POST /checkout").calls(db=True).mean <= baseline()
        assert run.traces(root="POST /checkout").operations <= baseline()

    The claim passes if it is ``sure`` that the limit holds, given how such runs differ from one another; fails if
    it is ``sure`` that it does not; and is inconclusive otherwise, or where the limit is tighter than the noise
    between runs can hold. Until there are five runs it is skipped: a test that judges nothing else is reported as
    skipped, with the reason.

    Args:
        branch: take runs of this branch; by default those of the setting ``baseline_branch`` (main, or master).
        runs: the newest so many, from 5 to 1000.
        pin: compare with the runs that ``k6spec baseline pin RUN --name …`` pinned by this name.
        sure: how sure, from 0.5 to 0.999, on either side.

    Raises:
        UsageError: one of these cannot be.
    """
    if isinstance(runs, bool) or not isinstance(runs, int) or not FEWEST <= runs <= 1000:
        raise UsageError(f"baseline(runs={runs!r}): give a whole number from {FEWEST} to 1000")
    if isinstance(sure, bool) or not isinstance(sure, (int, float)) or not 0.5 <= sure <= 0.999:
        raise UsageError(f"baseline(sure={sure!r}): give a number from 0.5 to 0.999, as in sure=0.95 for 95 %")
    for name, text in (("branch", branch), ("pin", pin)):
        if text is not None and (not isinstance(text, str) or not text.strip()):
            raise UsageError(f"baseline({name}={text!r}): give a name")
    return Baseline(chosen=Chosen(branch=branch, runs=runs, pin=pin), sure=float(sure))
