"""k6's exit codes: which are findings about the system, and what to do about the others.

Source: ``errext/exitcodes`` of k6, the same from 1.0 to 2.x.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Final, final

THRESHOLDS_CROSSED: Final = 99
SCRIPT_EXCEPTION: Final = 107
ABORTED: Final = 108
MARKED_AS_FAILED: Final = 110
REFUSED: Final = frozenset({104, 255})
"""k6 refused its options: 255 where it has no code for what it dislikes."""

FINDINGS: Final = frozenset({0, THRESHOLDS_CROSSED, MARKED_AS_FAILED})
"""The load ran; what it found is judged."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an exit code says, and what to do about it."""

    cause: str
    advice: str


_SCRIPT: Final = "run the script by itself to see it: k6 run -e BASE_URL=... SCRIPT"

_MEANINGS: Final = {
    97: Meaning(cause="k6 cloud reports a failed test", advice="k6spec runs k6 locally; remove cloud settings"),
    98: Meaning(cause="k6 cloud gave no progress", advice="k6spec runs k6 locally; remove cloud settings"),
    100: Meaning(
        cause="the script's setup() took too long",
        advice='set options.setupTimeout in the script, as in setupTimeout: "2m", or make setup() faster',
    ),
    101: Meaning(
        cause="the script's teardown() took too long",
        advice='set options.teardownTimeout in the script, as in teardownTimeout: "2m", or make teardown() faster',
    ),
    102: Meaning(cause="k6 ran into a time limit of its own", advice="see k6.log in the run's folder"),
    103: Meaning(cause="somebody stopped k6 through its REST API", advice="run again, and leave this k6 alone"),
    104: Meaning(
        cause="k6 refused the options",
        advice="look at the declared profile and at options in the script; k6's message names the field",
    ),
    105: Meaning(cause="k6 was interrupted by a signal", advice="run again"),
    106: Meaning(cause="k6 could not start its REST API", advice="unset K6_ADDRESS"),
    SCRIPT_EXCEPTION: Meaning(cause="the k6 script failed", advice=_SCRIPT),
    ABORTED: Meaning(
        cause="the script ended the test with exec.test.abort()",
        advice="see the reason that it gives; an aborted load is not judged",
    ),
    109: Meaning(
        cause="k6 itself crashed (a Go panic)", advice="update k6; if it stays, report it to k6 with k6.log"
    ),
    127: Meaning(cause="k6 could not be started", advice="check the setting k6 in [tool.k6spec]"),
}


def meaning(code: int) -> Meaning:
    """What a code that is not among :data:`FINDINGS` says."""
    if code in _MEANINGS:
        return _MEANINGS[code]
    number = -code if code < 0 else code - 128
    if 0 < number < 65:
        name = _signal_name(number)
        advice = (
            "it may have run out of memory: use fewer VUs, or discardResponseBodies in the script's options"
            if name == "SIGKILL"
            else "see k6.log in the run's folder"
        )
        return Meaning(cause=f"k6 was ended by {name}", advice=advice)
    return Meaning(cause=f"k6 ended with exit code {code}", advice="see k6.log in the run's folder")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
