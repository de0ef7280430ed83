"""Told apart: a name that is likely misspelt, and one that is only not there yet.

A few requests don't show all that a load does, so that something is absent says little; but where something of
nearly that name is there, the name is more likely wrong than rare. Nearly: all words but one are the same, and
that one, of four letters or more, differs a little, and not in its digits alone.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from k6spec.query.database import Database
from k6spec.query.logic import Conditions, leaves
from k6spec.query.selectors import Condition, where

_NAMES: Final = frozenset({"s.service", "s.name", "s.scope_name", "operation", "name", "scenario", "stage"})
_WORD: Final = re.compile(r"[^\W_]+|\*")
_SHORTEST: Final = 4
_ALIKE: Final = 0.8


def any_misspelt(database: Database, source: str, conditions: Conditions, inside: Conditions) -> bool:
    """Whether one of the conditions names what is not there, while something of nearly that name is."""
    return any(_misspelt(database, source, leaf, inside) for leaf in leaves(conditions) if not leaf.state)


def nearly(name: str, other: str) -> bool:
    """Whether ``other`` may be meant where ``name`` is written; a ``*`` in that stands for any one word."""
    mine, theirs = _WORD.findall(name.lower()), _WORD.findall(other.lower())
    if "".join(mine) == "".join(theirs):
        return True
    different = [pair for pair in zip(mine, theirs, strict=False) if pair[0] not in {pair[1], "*"}]
    if len(mine) != len(theirs) or len(different) != 1:
        return False
    (one, two), *_ = different
    if min(len(one), len(two)) < _SHORTEST or _without_digits(one) == _without_digits(two):
        return False
    return SequenceMatcher(None, one, two).ratio() >= _ALIKE


def _misspelt(database: Database, source: str, leaf: Condition, inside: Conditions) -> bool:
    if leaf.column is None:
        return False
    sql, parameters = where(inside)
    if leaf.keys is not None and leaf.what is not None:
        names = f"SELECT DISTINCT unnest(map_keys({leaf.keys})) FROM {source} WHERE {sql}"
        wanted = leaf.what
    elif leaf.column in _NAMES and leaf.value is not None:
        names = f"SELECT DISTINCT {leaf.column} FROM {source} WHERE {sql} AND {leaf.column} IS NOT NULL"
        wanted = leaf.value
        met, values = where((*inside, leaf))
        if database.value(f"SELECT count(*) > 0 FROM {source} WHERE {met}", values):
            return False
    else:
        return False
    there = [row[0] for row in database.rows(names, parameters)]
    return wanted not in there and any(nearly(wanted, name) for name in there)


def _without_digits(word: str) -> str:
    return re.sub(r"\d+", "", word)
