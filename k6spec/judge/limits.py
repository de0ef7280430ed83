"""Limits: typed values, plain numbers for counts, or names that an environment sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, final, overload

from k6spec.errors import UsageError
from k6spec.judge.verdict import Operator, Unit
from k6spec.units import Duration, Ratio, format_ns, format_ratio, parse_duration

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
    ends: tuple[float, float]
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
        UsageError: it is of another kind than the statistic, or a name that nobody sets.
    """
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


def shown(value: float, unit: Unit) -> str:
    """A number in ``unit`` for people."""
    match unit:
        case "ns":
            return format_ns(value)
        case "fraction":
            return format_ratio(value)
        case "per second":
            return f"{value:,.4g} per second"
        case "count":
            return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def _parsed(name: str, text: str | int | float, unit: Unit) -> float:
    if unit == "ns" and isinstance(text, str):
        return float(parse_duration(text).ns)
    if unit == "fraction" and isinstance(text, str) and text.rstrip().endswith("%"):
        return float(text.rstrip().removesuffix("%")) / 100
    if unit in {"count", "per second"} and isinstance(text, (int, float)):
        return float(text)
    example = {"ns": '"400ms"', "fraction": '"1%"'}.get(unit, "12")
    raise UsageError(f"the limit {name} = {text!r} does not fit its claim; write {name} = {example}")
