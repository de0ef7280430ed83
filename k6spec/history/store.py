"""The folder of history: ``.k6spec/history/``, a file a run, and ``marks.json``: pins and new beginnings."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, final

from k6spec.errors import ArchiveFault, UsageError
from k6spec.history.entry import Entry, Statistic, from_plain, to_plain

_MARKS: Final = "marks.json"
_RUN_ID: Final = re.compile(r"[0-9A-Za-z_.:-]+-[0-9a-f]{8}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """From this run on a key's baseline begins anew; decided ``at`` (ISO 8601)."""

    run_id: str
    at: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """``pins``: name -> run ids. ``begins``: key -> where its baseline begins."""

    pins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    begins: Mapping[str, Begun] = field(default_factory=dict)

    @property
    def pinned(self) -> frozenset[str]:
        """All runs that are pinned."""
        return frozenset(run_id for runs in self.pins.values() for run_id in runs)


@final
class HistoryStore:
    """Reads and writes the folder; an absent one is an empty history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """All entries, the oldest first.

        Raises:
            ArchiveFault: one is damaged, or of a newer format.
        """
        if not self.folder.is_dir():
            return []
        files = [path for path in self.folder.glob("*.json") if path.name != _MARKS]
        return sorted((_read(path) for path in files), key=lambda entry: (entry.started, entry.run_id))

    def add(self, entry: Entry) -> None:
        """Writes an entry, in place of one of the same run.

        Raises:
            ArchiveFault: it cannot be written, or its id cannot be a file's name.
        """
        if not _RUN_ID.fullmatch(entry.run_id):
            raise ArchiveFault(f"{entry.run_id!r} is not a run's id")
        self._write(f"{entry.run_id}.json", to_plain(entry))

    def add_statistics(self, run_id: str, statistics: Mapping[str, Statistic]) -> None:
        """Adds what was claimed of a run to its entry; does nothing for a run that has none."""
        path = self.folder / f"{run_id}.json"
        if not statistics or not path.is_file():
            return
        from filelock import FileLock

        with FileLock(self.folder / ".lock"):
            entry = _read(path)
            merged = dict(entry.statistics)
            for text, new in statistics.items():
                old = merged.get(text)
                compared = new.compared or (old is not None and old.compared)
                failed = new.failed or (old.failed if old is not None and not new.compared else None)
                merged[text] = replace(new, compared=compared, failed=failed)
            self.add(replace(entry, statistics=merged))

    def marks(self) -> Marks:
        """Pins and new beginnings.

        Raises:
            ArchiveFault: their file is damaged.
        """
        path = self.folder / _MARKS
        if not path.is_file():
            return Marks()
        try:
            return marks_from_plain(json.loads(path.read_text(encoding="utf-8")), str(path))
        except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
            raise ArchiveFault(f"{path} cannot be read: {error}", advice="correct it, or remove it") from error

    def set_marks(self, marks: Marks) -> None:
        """Writes pins and new beginnings."""
        self._write(_MARKS, marks_to_plain(marks))

    def add_marks(self, marks: Marks) -> None:
        """Takes up pins by names, and beginnings of keys, that are not known yet."""
        known = self.marks()
        both = Marks(pins={**marks.pins, **known.pins}, begins={**marks.begins, **known.begins})
        if both != known:
            self.set_marks(both)

    def find(self, name: str) -> Entry:
        """The entry of the run that is called so: its id, the end or beginning of it, or ``last``.

        Raises:
            UsageError: there is none, or more than one.
        """
        found = self.entries()
        if name == "last":
            matching = found[-1:]
        else:
            matching = [e for e in found if e.run_id.startswith(name) or e.run_id.endswith(name)]
        if len(matching) == 1:
            return matching[0]
        newest = ", ".join(entry.run_id for entry in found[:-4:-1]) or "none yet"
        what = f"{len(matching)} runs are called {name!r}" if matching else f"history has no run {name!r}"
        raise UsageError(f"{what} ({self.folder})", advice=f"give a run id; the newest are: {newest}")

    def _write(self, name: str, plain: object) -> None:
        target = self.folder / name
        draft = target.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            draft.replace(target)
        except OSError as error:
            raise ArchiveFault(
                f"{target} cannot be written: {error.strerror}",
                advice='make the place writable, or set history = "/other/place" in [tool.k6spec]',
            ) from error


def marks_to_plain(marks: Marks) -> dict[str, object]:
    """Pins and new beginnings as JSON has them."""
    return {
        "pins": {name: list(runs) for name, runs in marks.pins.items()},
        "begins": {key: {"run_id": begun.run_id, "at": begun.at} for key, begun in marks.begins.items()},
    }


def marks_from_plain(plain: Any, where: str) -> Marks:
    """Pins and new beginnings from JSON.

    Raises:
        ArchiveFault: they are none.
    """
    try:
        return Marks(
            pins={str(name): tuple(runs) for name, runs in plain["pins"].items()},
            begins={str(key): Begun(**begun) for key, begun in plain["begins"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ArchiveFault(f"{where} cannot be read: {error}", advice="correct it, or remove it") from error


def _read(path: Path) -> Entry:
    try:
        return from_plain(json.loads(path.read_text(encoding="utf-8")), str(path))
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise ArchiveFault(
            f"{path} cannot be read: {error}", advice="remove it; its run is then forgotten"
        ) from error
