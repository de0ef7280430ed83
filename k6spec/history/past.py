"""Earlier runs, as the run that is judged sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, final

from k6spec.errors import UsageError
from k6spec.history.entry import Entry, entry_of
from k6spec.history.store import HistoryStore, Marks
from k6spec.judge.family import Family
from k6spec.judge.past import FEWEST, Chosen, Earlier, Known, Rounds
from k6spec.judge.verdict import Unit
from k6spec.units import counted

_TRUNKS: Final = ("main", "master")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """Earlier runs that compare, the oldest first; ``said``: which they are, in words.

    ``wanting``: why they make no baseline yet, if they don't.
    """

    runs: tuple[Entry, ...]
    said: str
    wanting: str | None


@final
class HistoryPast:
    """The history as of one run: what began before it, of the same key.

    Args:
        trunk: the branch that baselines are taken of; None: main, or master where there is no main.
        rounds: in which another version was loaded in turns with this one: ``baseline()`` is then that version.
    """

    def __init__(
        self,
        store: HistoryStore,
        info: Mapping[str, Any],
        *,
        family: Family,
        trunk: str | None = None,
        rounds: Rounds | None = None,
    ) -> None:
        self._store = store
        self._this = entry_of(info)
        self._named_trunk = trunk
        self._rounds = rounds
        self.family = family

    @cached_property
    def _entries(self) -> list[Entry]:
        return self._store.entries()

    @cached_property
    def _earlier(self) -> list[Entry]:
        this = self._this
        return [
            entry
            for entry in self._entries
            if entry.started < this.started and entry.session != this.session and entry.run_id != this.run_id
        ]

    @cached_property
    def _alike(self) -> list[Entry]:
        return [entry for entry in self._earlier if entry.key == self._this.key]

    @cached_property
    def _marks(self) -> Marks:
        return self._store.marks()

    @cached_property
    def _trunk(self) -> str | None:
        return self._named_trunk or _trunk(self._earlier)

    def rounds(self, chosen: Chosen) -> Rounds | None:
        """The rounds in which another version was loaded in turns with this one, if the claim is about that."""
        return self._rounds if chosen.branch is None and chosen.pin is None else None

    def statistic(self, statistic: str, unit: Unit, chosen: Chosen) -> Earlier:
        """What earlier runs measured of a statistic, by its words."""

        def sound(entry: Entry) -> bool:
            found = entry.statistics.get(statistic)
            begun = self._marks.begins.get(entry.key)
            return (
                found is not None
                and found.unit == unit
                and (found.failed is None or (begun is not None and found.failed <= begun.at))
            )

        def known(entries: Sequence[Entry]) -> tuple[Known, ...]:
            return tuple(entry.known(statistic) for entry in entries)

        runs, wanting = self._chosen(chosen, sound, f"with {statistic!r} ")
        reference = runs if chosen.pin is None else [e for e in self._pinned(chosen.pin) if sound(e)]
        if wanting is None and not reference:
            wanting = f"the runs pinned as {chosen.pin!r} did not measure {statistic!r}"
        said = _said(runs, chosen.branch or self._trunk)
        if chosen.pin is not None:
            said = f"pinned as {chosen.pin}; noise from {said}"
        return Earlier(reference=known(reference), variation=known(runs), said=said, wanting=wanting)

    def operations(
        self, root: str, chosen: Chosen, *, critical: bool = False
    ) -> Mapping[str, Mapping[str, int]] | str:
        """Of each earlier run how many traces had each operation (on the critical path); or why there is no
        baseline.
        """

        def known(entry: Entry) -> Mapping[str, Mapping[str, int]]:
            return entry.critical_operations if critical else entry.operations

        runs, wanting = self._chosen(chosen, lambda entry: root in known(entry), f"with {root!r} ")
        if chosen.pin is not None:
            runs = [entry for entry in self._pinned(chosen.pin) if root in known(entry)]
            wanting = None if runs else f"the runs pinned as {chosen.pin!r} have no traces of {root!r}"
        return wanting or {entry.run_id: known(entry)[root] for entry in runs}

    def comparable(self) -> Comparable:
        """The runs that a claim which names no others would be compared with, whatever they measured."""
        runs, wanting = self._chosen(Chosen(), lambda _entry: True, "")
        return Comparable(runs=tuple(runs), said=_said(runs, self._trunk), wanting=wanting)

    def named(self, run_ids: Iterable[str]) -> list[Entry]:
        """What history still knows of these runs, the oldest first."""
        wanted = set(run_ids)
        return [entry for entry in self._entries if entry.run_id in wanted]

    def _chosen(self, chosen: Chosen, sound: Callable[[Entry], bool], what: str) -> tuple[list[Entry], str | None]:
        """The runs to compare with, and why they are too few if they are."""
        branch = chosen.branch or self._trunk
        alike = [entry for entry in self._alike if not _before(entry, self._marks)]
        on_branch = [entry for entry in alike if entry.branch == branch or branch is None]
        clean = [entry for entry in on_branch if not entry.dirty]
        whole = [entry for entry in clean if not entry.broken]
        runs = [entry for entry in whole if sound(entry)][-chosen.runs :]
        if len(runs) >= FEWEST:
            return runs, None
        hints = []
        if failed := len(whole) - len(runs):
            hints.append(f"{failed} more did not measure it, or failed against their own baseline")
        if broken := len(clean) - len(whole):
            hints.append(f"in {broken} the load was stopped before its time, or the system hung")
        if dirty := len(on_branch) - len(clean):
            hints.append(f"{dirty} were of a changed work tree")
        if elsewhere := len(alike) - len(on_branch):
            hints.append(f"{elsewhere} are of other branches")
        others = [entry for entry in self._earlier if entry.spec_file == self._this.spec_file]
        if not alike and others:
            hints.append(_differs(self._this, others[-1]))
        place = f"on branch {branch}" if branch else "(outside of git)"
        return runs, (
            f"no baseline yet: it takes {FEWEST} earlier runs {what}{place}, and there are {len(runs)}"
            + (f" ({'; '.join(hints)})" if hints else "")
        )

    def _pinned(self, name: str) -> list[Entry]:
        if name not in self._marks.pins:
            known = ", ".join(sorted(self._marks.pins)) or "none yet"
            raise UsageError(f"baseline(pin={name!r}): no run is pinned by this name; pinned are: {known}")
        return [entry for entry in self._alike if entry.run_id in self._marks.pins[name]]


def family_of(store: HistoryStore, session: str) -> Family:
    """The session's baseline claims, expected to be as many as in the latest session before it that had any."""

    def expected() -> int:
        counts: dict[str, int] = {}
        for entry in store.entries():
            if entry.session != session:
                compared = sum(statistic.compared for statistic in entry.statistics.values())
                counts[entry.session] = counts.get(entry.session, 0) + compared
        return next((count for count in reversed(counts.values()) if count), 1)

    return Family(expected)


def _trunk(entries: Sequence[Entry]) -> str | None:
    """The usual name that there are runs of; without any git at all None."""
    branches = {entry.branch for entry in entries}
    for name in _TRUNKS:
        if name in branches:
            return name
    return None if branches <= {None} else _TRUNKS[0]


def _before(entry: Entry, marks: Marks) -> bool:
    """Whether the key's baseline begins anew after this run."""
    begun = marks.begins.get(entry.key)
    return begun is not None and entry.run_id < begun.run_id


def _said(runs: Sequence[Entry], branch: str | None) -> str:
    if not runs:
        return ""
    first, last = runs[0].started[:10], runs[-1].started[:10]
    place = f" on {branch}" if branch else ""
    count = counted(len(runs), "run")
    return f"{count}{place}, {first if first == last else f'{first} to {last}'}"


def _differs(this: Entry, other: Entry) -> str:
    """Why runs of the same spec are not comparable."""
    for name, value in this.parts.items():
        there = other.parts.get(name)
        if there != value:
            shown = "the declared load" if name == "declaration" else f"{name} ({there!r} there, {value!r} here)"
            return f"earlier runs of {this.spec_file} differ in {shown}"
    return "earlier runs of the same spec differ"
