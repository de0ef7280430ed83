"""Payloads of archived runs: what a request sent that k6 tagged with its payload's index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from k6spec.script.flow_js.data import PAYLOAD_TAG as PAYLOAD_TAG

_SCRIPT: Final = "script"


def payload_of(folder: Path, tag: str) -> object:
    """The payload that a request sent.

    Args:
        folder: the run's.
        tag: the value of the request's tag :data:`PAYLOAD_TAG`, as in ``flow_0.order:17``.

    Raises:
        LookupError: the archive has no such pool, or no such payload in it.
    """
    pool, _, index = tag.rpartition(":")
    file = folder / _SCRIPT / f"{Path(pool).name}.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))[int(index)]
    except (OSError, ValueError, IndexError) as error:
        raise LookupError(f"{file} holds no payload {index}") from error
