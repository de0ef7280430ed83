"""The rounds in which two versions were loaded in turns, as the ``run.json`` of the run that is judged tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    infos = {folder.name: _info(folder) for pair in pairs for folder in pair}
    return Rounds(
        pairs=pairs,
        base=ab["base"],
        candidate=ab["candidate"],
        symptoms=_first(infos, lambda health: health.symptoms(tolerated)),
        hung=_first(infos, lambda health: health.hung(tolerated)),
        stopped={run_id: info["stopped"] for run_id, info in infos.items() if info.get("stopped")},
    )


def is_judged(ab: Mapping[str, Any]) -> bool:
    """Whether a run is the candidate's last one: all others were made before it."""
    return bool(ab["version"] == "candidate" and len(ab["pairs"]) == ab["rounds"])


def _info(folder: Path) -> Mapping[str, Any]:
    run = RunFolder(folder)
    run.check_tables()
    return run.info()


def _first(infos: Mapping[str, Mapping[str, Any]], reasons: Callable[[Health], Iterable[str]]) -> str:
    """Of the first run that has any reasons, those; empty where none has."""
    for run_id, info in infos.items():
        if found := "; ".join(reasons(Health(**info["health"]))):
            return f"in {run_id}, {found}"
    return ""
