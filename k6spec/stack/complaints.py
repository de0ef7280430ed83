"""What a system's log says of its telemetry: SDKs and agents write down why they export nothing."""

from __future__ import annotations

import re
from typing import Final

_TELLING: Final = re.compile(
    r"open-?telemetry|\botel|\botlp|java-?agent|\btraces? export|\bexport\w* (?:spans|traces)", re.IGNORECASE
)
_VARYING: Final = re.compile(r"[\d.:]+")
_MOST: Final = 3
_LONGEST: Final = 250


def about_telemetry(log: str) -> list[str]:
    """The last lines of the log that speak of telemetry, at most three; of those that are alike the last."""
    telling = {_VARYING.sub("", line): line for line in log.splitlines() if _TELLING.search(line)}
    return [_shortened(line.strip()) for line in list(telling.values())[-_MOST:]]


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
