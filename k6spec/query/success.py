"""Which requests succeeded, and the traces that they began."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.logic import leaves
from k6spec.query.selector import Selector

SUCCEEDED: Final = "coalesce(NOT failed, status BETWEEN 200 AND 399, false)"
"""Of a request, as SQL: by its status where k6 did not say, because the script has turned its callback off."""

FAILED: Final = f"(NOT {SUCCEEDED})"
"""The others."""

_OUTCOMES: Final = frozenset({"status", "http status", "check", "exception"})


def succeeded_of(database: Database, traces: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Of each of these traces, by number, whether none of its requests failed; None where none of the run did."""

    def read() -> NDArray[Any]:
        query = f"""SELECT trace_no FROM traces WHERE trace_id IN (
            SELECT trace_id FROM requests WHERE trace_id IS NOT NULL AND {FAILED})"""
        return database.table(query)["trace_no"].to_numpy()

    failed = database.once("failed traces", read)
    return ~np.isin(traces, failed) if len(failed) else None


def says_how_it_went(selector: Selector) -> bool:
    """Whether the selector asks how requests or spans went, as ``status=503`` does."""
    return any(condition.state for condition in selector.root) or any(
        leaf.what in _OUTCOMES for leaf in leaves(selector.conditions)
    )
