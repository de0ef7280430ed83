"""The rounds in which two versions were loaded in turns, as the ``run.json`` of the run that is judged tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from k6spec.judge.health import Health, Tolerances
from k6spec.judge.past import Rounds
from k6spec.store.archive import RunFolder


def rounds_of(judged: RunFolder, tolerated: Tolerances) -> Rounds | None:
    """The rounds that end with this run; None if it was no such session, or is not the candidate's last run.

    Raises:
        ArchiveFault: a run of another round is damaged, or not there any more.
    """
    ab = judged.info().get("ab")
    if ab is None or not is_judged(ab):
        return None
    pairs = tuple(
        (judged.path.parent / pair["base"], judged.path.parent / pair.get("candidate", judged.run_id))
        for pair in ab["pairs"]
    )
    return Rounds(pairs=pairs, base=ab["base"], candidate=ab["candidate"], symptoms=_symptoms(pairs, tolerated))


def is_judged(ab: Mapping[str, Any]) -> bool:
    """Whether a run is the candidate's last one: all others were made before it."""
    return bool(ab["version"] == "candidate" and len(ab["pairs"]) == ab["rounds"])


def _symptoms(pairs: tuple[tuple[Path, Path], ...], tolerated: Tolerances) -> str:
    """Why no claim about latency passes, of the first run that has a reason."""
    for pair in pairs:
        for folder in pair:
            run = RunFolder(folder)
            run.check_tables()
            if symptoms := "; ".join(Health(**run.info()["health"]).symptoms(tolerated)):
                return f"in {run.run_id}, {symptoms}"
    return ""
