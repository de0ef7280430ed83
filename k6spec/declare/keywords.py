"""Keyword arguments that functions hand on: a misspelt one must not go unnoticed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from k6spec.declare.location import reject


def check_keywords(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raises a DeclarationError for a keyword that the function doesn't have."""
    possible = sorted(known)
    for name in given:
        if name not in possible:
            near = difflib.get_close_matches(name, possible, n=1)
            hint = f"did you mean {near[0]}=?" if near else f"it has {', '.join(possible)}"
            reject(f"{function} has no {name}=; {hint}")
