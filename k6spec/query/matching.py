"""What a text may be compared with: an exact text, a glob, a regular expression, or one of several."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from k6spec.errors import UsageError
from k6spec.query.logic import any_of
from k6spec.query.selectors import GLOB, Condition

Scalar = str | int | float | bool
Match = Scalar | re.Pattern[str] | Collection[Scalar | re.Pattern[str]]
"""A text (``*``, ``?`` and ``[`` make it a glob), a number, ``re.compile(...)``, or several of these."""

_FLAGS: Final = {re.IGNORECASE: "i", re.DOTALL: "s", re.MULTILINE: "m"}
_EXACT_BELOW: Final = 2**53
_STATUS: Final = re.compile(r"[0-9]+|[0-9*?]*([*?]|\[[!^]?[0-9-]+\])[0-9*?\[\]!^-]*")
_ENDS: Final = 2


def matching(
    column: str, match: Match, *, what: str, state: bool = False, keys: str | None = None, upper: bool = False
) -> Condition:
    """The text column matches.

    Args:
        what: the column's name for people.
        keys: the map column that it is read from.
        upper: its values are upper case.

    Raises:
        UsageError: a regular expression that the query engine (RE2) doesn't know, or nothing to compare with.
    """
    if isinstance(match, re.Pattern):
        return _regex(column, match, what, state, keys)
    if isinstance(match, (str, bool, int, float)):
        return _scalar(column, match.upper() if upper and isinstance(match, str) else match, what, state, keys)
    if isinstance(match, range) and match and match.step == 1:
        return _range(column, match, what, state, keys)
    options = list(match) if isinstance(match, Collection) else []
    if not options:
        raise UsageError(
            f"{what}={match!r}: give a text, a glob, re.compile(...), or several of them in a list or tuple"
        )
    return any_of(
        tuple(matching(column, option, what=what, state=state, keys=keys, upper=upper) for option in options)
    )


def of_status(match: Match, *, what: str = "status") -> Match:
    """What an HTTP status is compared with, if one could ever equal it.

    Raises:
        UsageError: no status is such a text (``"5xx"``), or it is not clear whether two are meant, or a range.
    """
    if isinstance(match, re.Pattern):
        return match
    if isinstance(match, tuple) and len(match) == _ENDS and all(isinstance(end, int) for end in match):
        low, high = match
        raise UsageError(
            f"{what}={match!r} could be these two or all from one to the other: write "
            f"range({low}, {int(high) + 1}) for all, or a list, [{low}, {high}], for the two"
        )
    for one in (match,) if isinstance(match, (str, bool, int, float)) else match:
        if isinstance(one, bool) or (isinstance(one, str) and not _STATUS.fullmatch(one)):
            raise UsageError(
                f'{what}={one!r}: no status is such a text; write a number (503), a glob of digits ("5*"), '
                "or range(500, 600)"
            )
    return match


def exactly(column: str, value: str | None, *, what: str) -> Condition:
    """The column has this very value, whatever characters it holds; None: it has none."""
    if value is None:
        return Condition(sql=f"{column} IS NULL", what=what)
    return Condition(sql=f"({column})::VARCHAR = ?", parameters=(value,), column=column, value=value, what=what)


def words_of(match: Match) -> str:
    """How it reads in a message."""
    if isinstance(match, re.Pattern):
        return f"/{match.pattern}/"
    if isinstance(match, bool):
        return str(match).lower()
    if isinstance(match, (str, int, float)):
        return str(match)
    if isinstance(match, range) and match and match.step == 1:
        return f"{match[0]}-{match[-1]}"
    return "|".join(words_of(option) for option in match)


def _scalar(column: str, value: Scalar, what: str, state: bool, keys: str | None) -> Condition:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    sql = f"{column} = ?"
    parameters: tuple[object, ...] = (text,)
    if isinstance(value, str) and GLOB & set(value):
        sql, parameters = f"({column} GLOB ? OR {column} = ?)", (value, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _EXACT_BELOW:
        sql, parameters = f"({column} = ? OR TRY_CAST({column} AS DOUBLE) = ?)", (text, float(value))
    return Condition(sql=sql, parameters=parameters, column=column, value=text, what=what, state=state, keys=keys)


def _range(column: str, numbers: range, what: str, state: bool, keys: str | None) -> Condition:
    return Condition(
        sql=f"list_contains(?::DOUBLE[], TRY_CAST({column} AS DOUBLE))",
        parameters=([float(number) for number in numbers],),
        column=column,
        asked=words_of(numbers),
        what=what,
        state=state,
        keys=keys,
    )


def _regex(column: str, pattern: re.Pattern[str], what: str, state: bool, keys: str | None) -> Condition:
    flags = "".join(letter for flag, letter in _FLAGS.items() if pattern.flags & flag)
    known = re.UNICODE | re.IGNORECASE | re.DOTALL | re.MULTILINE
    try:
        if pattern.flags & ~known:
            raise UsageError(f"{what}={pattern!r}: of the flags only IGNORECASE, DOTALL and MULTILINE are known")
        pc.match_substring_regex(pa.array([""]), pattern.pattern)
    except pa.ArrowInvalid as error:
        raise UsageError(
            f"{what}={pattern!r}: the query engine's regular expressions (RE2) have no lookaround and no "
            f"backreferences: {error}"
        ) from None
    return Condition(
        sql=f"regexp_matches({column}, ?)",
        parameters=(f"(?{flags}){pattern.pattern}" if flags else pattern.pattern,),
        column=column,
        asked=f"that matches /{pattern.pattern}/",
        what=what,
        state=state,
        keys=keys,
    )
