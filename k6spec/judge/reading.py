"""Populations that can be read anew for a part of the time, as sliding windows and scaling need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from k6spec.query.population import Population
from k6spec.query.selector import Selector


def reading(read: Callable[[Selector], Population], selector: Selector) -> Population:
    """What the selector finds, with the way to what of it began from - to."""

    def part(start: int, end: int) -> Population:
        return reading(read, replace(selector, window=selector.window.began(start, end)))

    return replace(read(selector), part=part)
