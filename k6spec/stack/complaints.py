"""What a system's log says of its telemetry: SDKs and agents write down why they export nothing."""

from __future__ import annotations

import re
from typing import Final

_TELLING: Final = re.compile(
    r"open-?telemetry|\botel|\botlp|java-?agent|\btraces? export|\bexport\w* (?:spans|traces)", re.IGNORECASE
)
_NOT_INSTRUMENTED: Final = re.compile(
    r"\A(?=.*instrument)(?=.*(?:conflict|skip|fail|cannot|could not|nothing|unsupported))", re.IGNORECASE
)
_VARYING: Final = re.compile(r"[\d.:]+")
_MOST: Final = 3
_LONGEST: Final = 250


def about_telemetry(log: str) -> list[str]:
    """The last lines of the log that speak of telemetry, at most three; of those that are alike the last."""
    return _last(log, _TELLING)


def about_instrumentation(log: str) -> list[str]:
    """The same of lines that say what could not be instrumented, as a library of another version."""
    return _last(log, _NOT_INSTRUMENTED)


def _last(log: str, about: re.Pattern[str]) -> list[str]:
    telling = {_VARYING.sub("", line): line for line in log.splitlines() if about.search(line)}
    return [_shortened(line.strip()) for line in list(telling.values())[-_MOST:]]


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
