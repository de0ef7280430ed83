"""Errors that came up to the entry span of their request, each span on the way failing for the one below it."""

from __future__ import annotations

from typing import Final

from k6spec.query.selectors import Condition
from k6spec.store.spans import CLIENT_SERVICE

_REACHING: Final = f"""WITH RECURSIVE o AS (
        SELECT e.node FROM spans e JOIN spans p ON p.node = e.parent_node
        WHERE e.status = 'error' AND e.service <> '{CLIENT_SERVICE}' AND p.service = '{CLIENT_SERVICE}'
        UNION SELECT k.node FROM o JOIN spans k ON k.parent_node = o.node WHERE k.status = 'error')
    SELECT node FROM o"""

REACHING_ENTRY: Final = Condition(
    sql=f"(s.status = 'error' AND s.node IN ({_REACHING}))",
    asked="an error that reached the entry span",
    how="related",
    state=True,
    local=False,
)
"""From the entry span down to this one, this one included, all fail."""
