"""Parts of the load that stand alone, combined with ``&``, ``|`` and ``~``."""

from __future__ import annotations

from typing import Final, final

from k6spec.query.combining import Combinable
from k6spec.query.window import Level, Window
from k6spec.units import Duration


@final
class Part(Combinable):
    """When, in any run: ``window.during(stage="ramp") | window.between("40s", "50s")``.

    ``&`` is both, ``|`` either, ``~`` not. Each step narrows further.
    """

    __slots__ = ()

    _noun = "the load"
    _like = "window.during(...), window.between(...) and their like"

    def during(
        self,
        *,
        vus: Level | None = None,
        rate: Level | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        stage: str | None = None,
    ) -> Part:
        """While the profile planned this, as ``run.http().during(...)``."""
        return self._in(Window().during(vus=vus, rate=rate, at_least=at_least, at_most=at_most, stage=stage))

    def between(self, start: str | Duration, end: str | Duration) -> Part:
        """From ``start`` to before ``end`` of a scenario's time."""
        return self._in(Window().between(start, end))

    def after_warmup(self) -> Part:
        """After the declared warm-up."""
        return self._in(Window().after_warmup())

    def in_flight(self, *, at_least: int | None = None, at_most: int | None = None) -> Part:
        """While so many requests were in flight, as ``run.http().in_flight(...)``."""
        return self._in(Window().in_flight(at_least=at_least, at_most=at_most))

    def _in(self, window: Window) -> Part:
        words = ", ".join(window.words)
        described = words if not self.conditions else f"{self.described}, {words}"
        return Part((*self.conditions, *window.conditions), described)


window: Final = Part()
"""All of the load; narrow it."""
