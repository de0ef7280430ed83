"""What the runtime sent along with a request, read from k6's metadata: see ``script/runtime/context.js``.

The metadata value ``k6spec`` holds the traceparents of the latest request or batch, comma-separated and each with
marks behind it, then perhaps a line break and what the script chose itself, as JSON.
"""

from __future__ import annotations

import json
from typing import Final

from k6spec.k6.rows import Own, Tags

FROM_SCRIPT: Final = "*"
"""Marks a traceparent that the script chose: it may repeat."""

UNMARKED: Final = 55
"""The length of a traceparent without marks."""

_BATCH: Final = "k6spec_batch"
_OWN: Final = "\n"


def traceparent_of(text: str) -> str:
    """The traceparent of the only request that a metadata value is of; empty for none, and for a batch."""
    listed = text.partition(_OWN)[0]
    return "" if "," in listed else listed


def carried(text: str, tags: Tags) -> tuple[str, Own | None]:
    """The marked traceparent of the request with these tags (empty: sent without), and what the script chose."""
    if len(text) == UNMARKED and _BATCH not in tags:
        return text, None
    listed, _, own = text.partition(_OWN)
    traceparents = listed.split(",")
    if _BATCH not in tags:
        # A request that k6 sends past the runtime, after a batch.
        if len(traceparents) > 1:
            return "", None
        return listed, _own(own, 0)
    index = int(tags[_BATCH])
    return (traceparents[index], _own(own, index)) if index < len(traceparents) else ("", None)


def _own(text: str, index: int) -> Own | None:
    if not text:
        return None
    found = json.loads(text)[index]
    return Own(correlation_id=found[0], tags=tuple(found[1])) if found else None
