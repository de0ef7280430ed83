"""Conditions on the events of a span."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from k6spec.query.matching import Match, matching
from k6spec.query.selectors import Condition

_EXCEPTIONS: Final = "list_filter(s.events, lambda e: e.name = 'exception')"
_TYPE: Final = "e.attributes['exception.type']"
_FIRST_TYPE: Final = f"{_EXCEPTIONS}[1].attributes['exception.type']"


def raised(exception: Match | None) -> Condition:
    """An event named ``exception`` is there, of this ``exception.type``.

    Source: OpenTelemetry semantic conventions, "Exceptions on spans". That none is found is a finding.
    """
    if exception is None:
        return Condition(sql=f"coalesce(len({_EXCEPTIONS}), 0) > 0", state=True, what="exception")
    wanted = matching(_TYPE, exception, what="exception")
    sql = f"coalesce(len(list_filter({_EXCEPTIONS}, lambda e: coalesce({wanted.sql}, false))), 0) > 0"
    return replace(wanted, sql=sql, how="leaf", parts=(), column=_FIRST_TYPE, what="exception", state=True)
