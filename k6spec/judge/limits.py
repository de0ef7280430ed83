"""Limits: typed values, plain numbers for counts, or names that an environment sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Generic, TypeVar, final, overload

from k6spec.errors import UsageError
from k6spec.judge.verdict import Operator, Unit
from k6spec.units import Duration, Ratio, format_ns, format_number, format_ratio, parse_duration, percent

Q = TypeVar("Q", Duration, Ratio, float)

KINDS: Final[Mapping[Unit, str]] = {
    "ns": "a length of time",
    "fraction": "a share",
    "count": "a number",
    "per second": "a rate per second",
}
"""What each unit measures, for people."""

_EXAMPLE: Final[Mapping[Unit, str]] = {
    "ns": "ms(400) or seconds(2)",
    "fraction": "percent(1)",
    "count": "a plain number such as 12",
    "per second": "a plain number such as 50",
}

_MOST_DIGITS: Final = 10
"""Beyond those that are shown anyway; what differs by less does so by a computer's rounding."""

LIMIT_WORDS: Final[Mapping[Operator, str]] = {"<": "under ", "<=": "", ">": "over ", ">=": "at least "}
"""What stands before a limit in messages."""


@final
@dataclass(frozen=True, slots=True)
class NamedLimit(Generic[Q]):
    """A limit that ``[tool.k6spec.limits]`` or an environment sets, with a default."""

    name: str
    default: Q | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A limit that was measured: ``observed``, the ends it could have, and what an open verdict hangs on."""

    observed: float
    ends: tuple[float, ...]
    why: str


@overload
def limit(name: str) -> NamedLimit[Any]: ...
@overload
def limit(name: str, default: Q) -> NamedLimit[Q]: ...
def limit(name: str, default: Any = None) -> NamedLimit[Any]:
    """The limit called ``name`` in ``[tool.k6spec.limits]`` or ``[tool.k6spec.env.NAME.limits]``.

    Durations are written as ``"400ms"``, shares as ``"1%"``, counts as numbers. Without a setting the default
    holds; without a default a missing setting is an error when the claim is judged.
    """
    return NamedLimit(name, default)


def resolve(value: object, unit: Unit, settings: Mapping[str, str | int | float]) -> float:
    """The limit as a plain number in ``unit``.

    Raises:
        UsageError: it is of another kind than the statistic, no finite number, or a name that nobody sets.
    """
    found = _resolved(value, unit, settings)
    if not isfinite(found):
        raise UsageError(f"a limit of {found} says nothing; write {_EXAMPLE[unit]}")
    return found


def _resolved(value: object, unit: Unit, settings: Mapping[str, str | int | float]) -> float:
    if isinstance(value, NamedLimit):
        if value.name in settings:
            return _parsed(value.name, settings[value.name], unit)
        if value.default is None:
            raise UsageError(
                f"limit({value.name!r}) is not set: write {value.name} = … under [tool.k6spec.limits] in "
                "pyproject.toml, or give a default"
            )
        value = value.default
    match unit, value:
        case "ns", Duration(ns=number):
            return float(number)
        case "fraction", Ratio(fraction=number):
            return number
        case (("count" | "per second"), int() | float()) if not isinstance(value, bool):
            return float(value)
    said = str(value) if isinstance(value, (Duration, Ratio)) else repr(value)
    raise UsageError(f"this is {KINDS[unit]}, and is compared with {said}; write {_EXAMPLE[unit]}")


def refuse_interval(label: str, level: float | None) -> None:
    """A statistic to compare with is its observed value.

    Raises:
        UsageError: it has a ``level`` of confidence.
    """
    if level is not None:
        raise UsageError(
            f"{label}: a statistic to compare with is its observed value; leave out its .sure(), or write it on "
            "the left of the comparison"
        )


def shown(value: float, unit: Unit, more: int = 0) -> str:
    """A number in ``unit`` for people, with so many ``more`` digits than it takes to grasp it."""
    match unit:
        case "ns":
            return format_ns(value, more)
        case "fraction":
            return format_ratio(value, more)
        case "per second":
            return f"{format_number(value, 4 + more, comma=',')} per second"
        case "count":
            return f"{value:,.0f}" if value == round(value) else f"{value:,.{2 + more}f}"


def shown_apart(one: float, other: float, unit: Unit) -> tuple[str, str]:
    """Two numbers for people, with as many digits as tell them apart: 200.3 ms beside a limit of 200 ms."""
    said = shown(one, unit), shown(other, unit)
    for more in range(1, _MOST_DIGITS):
        if one == other or _read(said[0]) != _read(said[1]):
            break
        said = shown(one, unit, more), shown(other, unit, more)
    return said


def said_beside(observed: float | None, sign: Operator, bound: float, unit: Unit) -> str:
    """What was observed and its limit: ``200.3 ms, limit 200 ms``; None: ``cannot be judged, limit 200 ms``."""
    seen, at = ("cannot be judged", shown(bound, unit)) if observed is None else shown_apart(observed, bound, unit)
    return f"{seen}, limit {LIMIT_WORDS[sign]}{at}"


def _read(said: str) -> tuple[float, str]:
    number, _, unit = said.replace(",", "").partition(" ")
    return float(number), unit


def _parsed(name: str, text: str | int | float, unit: Unit) -> float:
    if unit == "ns" and isinstance(text, str):
        return float(parse_duration(text).ns)
    if unit == "fraction" and isinstance(text, str) and text.rstrip().endswith("%"):
        return _share(name, text)
    if unit in {"count", "per second"} and isinstance(text, (int, float)):
        return float(text)
    example = {"ns": '"400ms"', "fraction": '"1%"'}.get(unit, "12")
    raise UsageError(f"the limit {name} = {text!r} does not fit its claim; write {name} = {example}")


def _share(name: str, text: str) -> float:
    try:
        return percent(float(text.rstrip().removesuffix("%"))).fraction
    except (ValueError, UsageError):
        raise UsageError(f'the limit {name} = {text!r} is no share from 0 to 100 %; write {name} = "1%"') from None
