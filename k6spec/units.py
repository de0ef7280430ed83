"""Units are types: a duration is never a bare number.

``ms(400)``, ``seconds(2)`` and ``percent(1)`` make the limits of claims; comparing them with plain
numbers is an error for type checkers and at run time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Final, final

from k6spec.errors import UsageError

_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_ROUNDS_UP: Final = 0.9995
"""From this much of a unit on three digits say a whole one: 999.6 ms is 1 s."""
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


@final
@total_ordering
@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, in whole nanoseconds."""

    ns: int

    @property
    def ms(self) -> float:
        """The same in milliseconds."""
        return self.ns / 1e6

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.ns / 1e9

    def __lt__(self, other: Duration) -> bool:
        return self.ns < other.ns if isinstance(other, Duration) else NotImplemented

    def __str__(self) -> str:
        return format_ns(self.ns)


@final
@total_ordering
@dataclass(frozen=True, slots=True)
class Ratio:
    """A share of a whole, as a fraction: 1 % is 0.01."""

    fraction: float

    def __lt__(self, other: Ratio) -> bool:
        return self.fraction < other.fraction if isinstance(other, Ratio) else NotImplemented

    def __str__(self) -> str:
        return format_ratio(self.fraction)


def ms(value: float) -> Duration:
    """A duration of ``value`` milliseconds."""
    return _duration("ms", value)


def seconds(value: float) -> Duration:
    """A duration of ``value`` seconds."""
    return _duration("s", value)


def percent(value: float) -> Ratio:
    """A ratio of ``value`` per cent; any number from 0 to 100."""
    number = _number("percent", value)
    if not 0 <= number <= 100:
        raise UsageError(f"percent({value!r}): a share lies between 0 and 100")
    return Ratio(number / 100)


def parse_duration(text: str) -> Duration:
    """Reads a k6 duration such as ``"30s"``, ``"1m30s"`` or ``"250ms"``.

    Raises:
        UsageError: the text is not one.
    """
    stripped = text.strip()
    parts = _DURATION.findall(stripped)
    if not parts or "".join(number + unit for number, unit in parts) != stripped:
        raise UsageError(f'{text!r} is not a duration; write it as k6 does: "30s", "1m30s", "250ms"')
    return Duration(round(sum(float(number) * _NS[unit] for number, unit in parts)))


def format_ns(ns: float, more: int = 0) -> str:
    """Nanoseconds for people: ``412 ms``, ``1.52 s``, ``83.1 µs``; with so many ``more`` digits."""
    size = abs(ns)
    for scale, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if size >= scale * _ROUNDS_UP:
            return f"{format_number(ns / scale, 3 + more)} {unit}"
    return f"{ns:.{more}f} ns" if size else "0 ms"


def format_ratio(fraction: float, more: int = 0) -> str:
    """A fraction for people: ``0.20 %``, ``12.5 %``; with so many ``more`` digits."""
    value = round(fraction * 100, 9)  # 0.07 * 100 is not quite 7
    if value == round(value):
        return f"{value:.0f} %"
    return f"{value:.{2 + more}g} %" if abs(value) < 0.1 else f"{value:.{2 + more}f} %"


def format_number(value: float, digits: int = 3, *, comma: str = "") -> str:
    """A number for people: so many significant digits and all before the point, thousands apart by ``comma``."""
    if value == round(value) or abs(value) >= 10 ** (digits - 1):
        return f"{value:{comma}.0f}"
    return f"{value:{comma}.{digits}g}"


def counted(number: int, noun: str) -> str:
    """A number of things in words: ``1 span``, ``2,002 spans``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _duration(unit: str, value: float) -> Duration:
    number = _number({"s": "seconds"}.get(unit, unit), value)
    if number < 0:
        raise UsageError(f"{value!r} {unit}: a duration cannot be negative")
    return Duration(round(number * _NS[unit]))


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise UsageError(f"{name}({value!r}): give a number")
    return value
