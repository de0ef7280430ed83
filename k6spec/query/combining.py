"""Selectors that stand alone, combined: ``&`` is both, ``|`` either, ``~`` not."""

from __future__ import annotations

from typing import ClassVar, Self

from k6spec.errors import UsageError
from k6spec.query.logic import Conditions, all_of, any_of, negated


class Combinable:
    """A selector of things of one kind, to be combined with others of that kind.

    A subclass names the kind in ``_noun`` (``spans``) and says in ``_like`` what is combined with what.
    """

    __slots__ = ("_conditions", "_described")

    _noun: ClassVar[str]
    _like: ClassVar[str]

    def __init__(self, conditions: Conditions = (), described: str | None = None) -> None:
        self._conditions = conditions
        self._described = self._noun if described is None else described

    @property
    def conditions(self) -> Conditions:
        """What is asked of each."""
        return self._conditions

    @property
    def described(self) -> str:
        """It in words."""
        return self._described

    def __and__(self, other: Self) -> Self:
        self._check(other)
        if not self._conditions or not other._conditions:
            return self if self._conditions else other
        return type(self)((*self._conditions, *other._conditions), f"({self._described} and {other._described})")

    def __or__(self, other: Self) -> Self:
        self._check(other)
        either = any_of((all_of(self._conditions), all_of(other._conditions)))
        return type(self)((either,), f"({self._described} or {other._described})")

    def __invert__(self) -> Self:
        return type(self)((negated(all_of(self._conditions)),), f"{self._noun} that are not {self._described}")

    def __bool__(self) -> bool:
        raise UsageError(f"{self!r} is a selector, neither true nor false: combine selectors with &, | and ~")

    def __repr__(self) -> str:
        return f"<selector of {self._described}>"

    def _check(self, other: object) -> None:
        if not isinstance(other, type(self)):
            raise UsageError(f"{other!r} is not a selector of {self._noun}: combine {self._like}")
