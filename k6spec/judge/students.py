"""Student's t distribution for a whole number of degrees of freedom, exact.

Source: Abramowitz and Stegun 26.7.3 and 26.7.4, finite series.
"""

from __future__ import annotations

from functools import lru_cache
from math import atan, cos, inf, pi, sin, sqrt
from typing import Final

_STEPS: Final = 80


def t_tail(t: float, freedom: int) -> float:
    """The probability of a value of at least ``t``."""
    if t < 0:
        return 1 - t_tail(-t, freedom)
    if t == inf:
        return 0.0
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    term = total = 1.0 if freedom % 2 == 0 else cos(angle)
    if freedom % 2 == 0:
        for k in range(2, freedom, 2):
            term *= square * (k - 1) / k
            total += term
        within = sin(angle) * total
    else:
        for k in range(3, freedom, 2):
            term *= square * (k - 1) / k
            total += term
        within = 2 / pi * (angle + (sin(angle) * total if freedom > 1 else 0.0))
    return max(0.0, (1 - within) / 2)


@lru_cache(maxsize=256)
def t_quantile(tail: float, freedom: int) -> float:
    """The value that is reached with probability ``tail``, up to 0.5."""
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > tail:
        low, high = high, high * 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > tail else (low, middle)
    return high
