"""What history keeps of a run: a few kilobytes of JSON, so that pipelines can carry it from job to job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast, final

from k6spec.errors import ArchiveFault
from k6spec.history.key import key_of, key_parts
from k6spec.judge.past import Known
from k6spec.judge.verdict import Unit

FORMAT: Final = 1
"""Version of an entry's format; a newer one is refused."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A statistic's value in a run, in ``unit``; of ``members``.

    ``compared``: a claim against a baseline was made of it. ``failed``: when such a claim last failed (ISO 8601).
    """

    unit: Unit
    value: float
    members: int
    compared: bool = False
    failed: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run. Times are ISO 8601; ``version``: of the system, if it is known; ``key``: see :mod:`.key`.
    ``broken``: its load was stopped before its time, or the system hung in it.

    ``statistics``: by their words. ``operations``: of each operation of requests, in how many traces each
    operation behind it was seen; ``critical_operations``: in how many on the critical path.
    """

    run_id: str
    session: str
    started: str
    spec: str
    scenarios: tuple[str, ...]
    key: str
    parts: Mapping[str, object]
    branch: str | None
    commit: str | None
    committed: str | None
    dirty: bool
    version: str | None
    broken: bool = False
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    operations: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    critical_operations: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def spec_file(self) -> str:
        """The spec's file, without the line."""
        return self.spec.rpartition(":")[0]

    @property
    def revision(self) -> str:
        """What was tested, for people: the system's version if it is known, else the specs' commit."""
        return self.version or (self.commit[:10] if self.commit else "no commit")

    def known(self, statistic: str) -> Known:
        """What the run measured of a statistic that it has, for comparing runs."""
        told = self.statistics[statistic]
        return Known(run_id=self.run_id, value=told.value, members=told.members)


def entry_of(info: Mapping[str, Any]) -> Entry:
    """An entry without statistics, from ``run.json``."""
    parts = key_parts(info)
    git = info.get("git") or {}
    return Entry(
        run_id=str(info["run_id"]),
        session=str(info.get("session") or ""),
        started=str(info.get("started") or ""),
        spec=str(info.get("spec") or ""),
        scenarios=tuple(sorted((info.get("profile") or {}).get("scenarios") or ())),
        key=key_of(parts),
        parts=parts,
        branch=git.get("branch"),
        commit=git.get("commit"),
        committed=git.get("committed"),
        dirty=bool(git.get("dirty")),
        version=info.get("sut_version"),
    )


def to_plain(entry: Entry) -> dict[str, object]:
    """An entry as JSON has it."""
    return {"format": FORMAT, **asdict(entry)}


def from_plain(plain: object, where: str) -> Entry:
    """An entry from JSON.

    Raises:
        ArchiveFault: it is none, or of a newer format.
    """
    if not isinstance(plain, dict) or not isinstance(plain.get("format"), int):
        raise ArchiveFault(f"{where} is not an entry of k6spec's history: it has no format")
    if plain["format"] > FORMAT:
        raise ArchiveFault(
            f"{where} has format {plain['format']}, this k6spec reads up to {FORMAT}", advice="upgrade k6spec"
        )
    fields = {name: value for name, value in plain.items() if name != "format"}
    try:
        statistics = {text: Statistic(**cast("Any", value)) for text, value in fields.pop("statistics").items()}
        scenarios = tuple(fields.pop("scenarios"))
        return Entry(statistics=statistics, scenarios=scenarios, **fields)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ArchiveFault(f"{where} is not an entry of k6spec's history: {error}") from None
