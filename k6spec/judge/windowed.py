"""Narrowing to a part of the load: the same for requests, spans, traces and k6's other metrics."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

from k6spec.query.parts import Part
from k6spec.query.window import Level, Window
from k6spec.units import Duration


class Windowed:
    """What can be narrowed to a part of the load. Each step narrows further."""

    def during(
        self,
        *,
        vus: Level | None = None,
        rate: Level | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        stage: str | None = None,
    ) -> Self:
        """Only what began while the profile planned this; spans and traces follow their request.

        Args:
            vus: planned VUs, a number or (from, to).
            rate: planned iterations per second, a number or (from, to).
            at_least: the lowest planned level.
            at_most: the highest planned level.
            stage: the name of a stage.
        """
        return self._in(self._window.during(vus=vus, rate=rate, at_least=at_least, at_most=at_most, stage=stage))

    def between(self, start: str | Duration, end: str | Duration) -> Self:
        """Only what began from ``start`` to before ``end`` of its scenario's time."""
        return self._in(self._window.between(start, end))

    def after_warmup(self) -> Self:
        """Only what follows the declared warm-up."""
        return self._in(self._window.after_warmup())

    def within(self, part: Part) -> Self:
        """Only what began in such a part: ``within(window.during(stage="a") | window.between("40s", "50s"))``."""
        return self._in(self._window.within(part))

    @property
    @abstractmethod
    def _window(self) -> Window:
        """The part so far."""

    @abstractmethod
    def _in(self, window: Window) -> Self:
        """The same of that part."""
