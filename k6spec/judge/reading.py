"""Populations that can be read anew for a part of the load, as sliding windows and scaling need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from k6spec.query.population import Population
from k6spec.query.selector import Selector
from k6spec.query.selectors import Condition


def reading(read: Callable[[Selector], Population], selector: Selector) -> Population:
    """What the selector finds, with the way to a part of it."""

    def part(condition: Condition) -> Population:
        return reading(read, replace(selector, window=selector.window.also(condition)))

    found = replace(read(selector), part=part)
    return found.none_seen() if selector.unseen else found
