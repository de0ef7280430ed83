"""A statistic, a selection or a method that there is none of, in words."""

from __future__ import annotations

import difflib


def misnamed(error: AttributeError) -> str | None:
    """What there is instead of what one of k6spec's objects was asked for; None where that is somebody else's."""
    if type(error.obj).__module__.partition(".")[0] != "k6spec" or not error.name or error.name.startswith("_"):
        return None
    there = [name for name in dir(error.obj) if not name.startswith("_")]
    near = difflib.get_close_matches(error.name, there, n=3)
    perhaps = f"perhaps {' or '.join(map(repr, near))} is meant; " if near else ""
    return f"there is no {error.name!r} here; {perhaps}there are {', '.join(there)}"
