"""What a request of a flow sent, where its payload came from a pool."""

from __future__ import annotations

import json
from typing import Final

from k6spec.run import Run
from k6spec.script.payloads import PAYLOAD_TAG, payload_of

_LONGEST: Final = 300


def payload_line(run: Run, trace_id: str) -> str | None:
    """The payload of the request that began a trace, in a line; None if it came from no pool."""
    rows = run.database.rows(
        "SELECT tags[?] FROM requests WHERE trace_id = unhex(?) AND tags[?] IS NOT NULL LIMIT 1",
        [PAYLOAD_TAG, trace_id, PAYLOAD_TAG],
    )
    if not rows:
        return None
    tag = str(rows[0][0])
    try:
        text = json.dumps(payload_of(run.folder.path, tag), ensure_ascii=False)
    except LookupError:
        return f"payload {tag}, which the archive no longer holds"
    return f"payload {tag}: {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"
