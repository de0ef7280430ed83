"""Which part of the load a claim speaks of: conditions on the request that began each trace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

from k6spec.errors import UsageError
from k6spec.query.combining import Combinable
from k6spec.query.selectors import Condition
from k6spec.units import Duration, parse_duration

Level = int | float | tuple[float, float]
"""A planned level: exactly this, or from - to (both included)."""

# What ends as another begins is in flight no more.
_IN_FLIGHT: Final = """SELECT request_id, sum(step) OVER (ORDER BY moment, step) AS n FROM (
    SELECT request_id, start_ns AS moment, 1 AS step FROM requests WHERE scenario IS NOT NULL
    UNION ALL SELECT NULL, start_ns + total_ns, -1 FROM requests WHERE scenario IS NOT NULL)"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Conditions over a request's columns, without alias, and how they read in a message."""

    conditions: tuple[Condition, ...] = ()
    words: tuple[str, ...] = ()

    def narrowed(self, condition: Condition, words: str) -> Window:
        """This window with one more condition."""
        return Window(conditions=(*self.conditions, condition), words=(*self.words, words))

    def during(
        self,
        *,
        vus: Level | None = None,
        rate: Level | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        stage: str | None = None,
    ) -> Window:
        """Narrowed to planned VUs, planned rate (iterations per second) or a stage."""
        if vus is None and rate is None and at_least is None and at_most is None and stage is None:
            raise UsageError(
                'during() needs a window, as in during(vus=50), during(at_least=40), during(stage="peak")'
            )
        window = self
        if vus is not None:
            window = window._level("planned_vus", "planned VUs", vus)
        if rate is not None:
            window = window._level("planned_rate", "planned rate", rate)
        for bound, sign, words in ((at_least, ">=", "at least"), (at_most, "<=", "at most")):
            if bound is not None:
                window = window.narrowed(
                    Condition(sql=f"coalesce(planned_vus, planned_rate) {sign} ?", parameters=(bound,)),
                    f"planned {words} {bound:g}",
                )
        if stage is not None:
            window = window.narrowed(
                Condition(sql="stage = ?", parameters=(stage,), column="stage", value=stage), f"stage {stage!r}"
            )
        return window

    def between(self, start: str | Duration, end: str | Duration) -> Window:
        """Narrowed to requests that began from ``start`` to before ``end`` of their scenario's time."""
        low, high = (value if isinstance(value, Duration) else parse_duration(value) for value in (start, end))
        if high <= low:
            raise UsageError(f"between({str(low)!r}, {str(high)!r}): the end is not after the start")
        condition = Condition(sql="elapsed_ns >= ? AND elapsed_ns < ?", parameters=(low.ns, high.ns))
        return self.narrowed(condition, f"{low} to {high}")

    def also(self, condition: Condition) -> Window:
        """Narrowed by one more condition, without words for it."""
        return replace(self, conditions=(*self.conditions, condition))

    def after_warmup(self) -> Window:
        """Narrowed to what follows the declared warm-up."""
        return self.narrowed(Condition(sql="NOT warmup"), "after warm-up")

    def within(self, part: Combinable) -> Window:
        """Narrowed to a part that stands alone."""
        return replace(self, conditions=(*self.conditions, *part.conditions), words=(*self.words, part.described))

    def in_flight(self, *, at_least: int | None, at_most: int | None) -> Window:
        """Narrowed to requests that began while so many were in flight, themselves included."""
        given = [number for number in (at_least, at_most) if number is not None]
        if not given or any(isinstance(number, bool) or not isinstance(number, int) for number in given):
            raise UsageError("in_flight() needs numbers of requests, as in in_flight(at_least=20, at_most=40)")
        low, high = at_least or 0, at_most
        if high is not None and low > high:
            raise UsageError(f"in_flight(): at least {low} and at most {high} contradict one another")
        said = [f"at least {low}"] if at_least is not None else []
        said += [f"at most {high}"] if high is not None else []
        most = "" if high is None else f" AND n <= {high}"
        condition = Condition(sql=f"request_id IN (SELECT request_id FROM ({_IN_FLIGHT}) WHERE n >= {low}{most})")
        return self.narrowed(
            condition, f"{' and '.join(said)} requests in flight (observed, not planned: a stall raises it)"
        )

    def _level(self, column: str, words: str, level: Level) -> Window:
        if isinstance(level, tuple):
            low, high = level
            if low > high:
                raise UsageError(f"{words} from {low:g} to {high:g}: the first is larger than the second")
            between = f"{column} BETWEEN ? AND ?"
            condition = Condition(sql=between, parameters=(low, high), column=column, asked=f"{low:g}-{high:g}")
            return self.narrowed(condition, f"{words} {low:g}-{high:g}")
        exact = Condition(sql=f"{column} = ?", parameters=(level,), column=column, asked=f"{level:g}")
        return self.narrowed(exact, f"{words} {level:g}")
