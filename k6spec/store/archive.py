"""A run's folder: ``.k6spec/runs/<run_id>/``, mode 0700. What is archived is never changed, only added to.

Commands that only list runs, and a shell's completion, do without Arrow and DuckDB: functions import them.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from k6spec.errors import ArchiveFault, UsageError
from k6spec.process import process_begun

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT: Final = 1
"""Version of the archive's format; a newer one is refused."""

REQUESTS: Final = "requests.parquet"
METRICS: Final = "metrics.parquet"
SPANS: Final = "spans.parquet"
TRACES: Final = "traces.parquet"
INFO: Final = "run.json"

_DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_NO_ROOM_TO_SPILL: Final = "failed to offload data block"
"""DuckDB leaves a tenth of the disk free, so it stops before the disk is full."""


@final
@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder. ``run_id`` ends with the hex digits of the run's key, which its trace ids carry."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def key(self) -> bytes:
        """Four bytes that the run's trace ids carry."""
        return bytes.fromhex(self.run_id.rpartition("-")[2])

    def info(self) -> dict[str, Any]:
        """``run.json``, with what later sessions judged of the run added to its ``verdicts``.

        Raises:
            ArchiveFault: it is missing, damaged or of a newer format.
        """
        file = self.path / INFO
        try:
            info = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ArchiveFault(
                f"{self.path} holds no {INFO}: it is not a run, or the run was cut off",
                advice="k6spec runs lists the runs that are whole",
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
            raise ArchiveFault(
                f"{file} is damaged: {error}", advice="k6spec runs lists the runs that are whole"
            ) from error
        if not isinstance(info, dict) or not isinstance(info.get("format"), int):
            raise ArchiveFault(f"{file} is not a run's description: it has no format")
        if info["format"] > FORMAT:
            raise ArchiveFault(
                f"{self.path} has format {info['format']}, this k6spec reads up to {FORMAT}",
                advice="upgrade k6spec to read it; nothing was changed",
            )
        return info

    def write_info(self, info: Mapping[str, object]) -> None:
        """Writes ``run.json`` whole or not at all."""
        target = self.path / INFO
        draft = target.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(info, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
        draft.replace(target)

    def add_verdicts(self, verdicts: Sequence[Mapping[str, object]]) -> None:
        """Adds judgements to ``run.json``; those that are there stay as they are."""
        if verdicts:
            from filelock import FileLock

            # Several sessions, or pytest-xdist's workers, may judge the same run at once.
            with FileLock(self.path / ".lock"):
                info = self.info()
                self.write_info({**info, "verdicts": [*info.get("verdicts", []), *verdicts]})

    def status(self) -> str:
        """``complete``, ``running``, or ``aborted``: also if whoever ran it was killed before saying so."""
        info = self.info()
        status = str(info.get("status"))
        return "aborted" if status == "running" and not _alive(info) else status

    def session_lives(self) -> bool:
        """Whether the session that made the run goes on: it may judge it yet."""
        return _alive(self.info())

    def check_tables(self) -> None:
        """Looks at the ends of the tables, which are written last.

        Raises:
            ArchiveFault: one is missing, or was cut off.
        """
        for name in (REQUESTS, METRICS, SPANS):
            columns_of(self.path / name)

    def is_whole(self) -> bool:
        """Whether the run ended and was archived."""
        with contextlib.suppress(ArchiveFault):
            return self.status() == "complete"
        return False


def columns_of(table: Path) -> list[str]:
    """The names of an archived table's columns.

    Raises:
        ArchiveFault: it is missing, or was cut off.
    """
    return schema_of(table).names


def schema_of(table: Path) -> pa.Schema:
    """The columns of an archived table.

    Raises:
        ArchiveFault: it is missing, or was cut off.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(table)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveFault(
            f"{table} cannot be read; perhaps only a part of it was copied or written: "
            f"{str(error).splitlines()[0]}",
            advice="copy the run's folder anew, or run the load again; k6spec runs lists other runs",
        ) from None


def create_run(runs: Path) -> RunFolder:
    """Makes a new run's folder.

    Raises:
        ArchiveFault: the folder cannot be written.
    """
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    folder = runs / f"{stamp}-{secrets.token_hex(4)}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        ignore = runs.parent / ".gitignore"
        if runs.parent.name == ".k6spec" and not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise ArchiveFault(
            f"the run's folder {folder} cannot be made: {error.strerror}",
            advice='make the place writable, or set runs = "/other/place" in [tool.k6spec] (or K6SPEC_RUNS)',
        ) from error
    return RunFolder(folder)


def disk_fault(error: BaseException, place: Path) -> ArchiveFault | None:
    """The fault behind an error of a disk that is full, broken or not writable; None for any other error."""
    import duckdb

    if not isinstance(error, OSError | duckdb.IOException | duckdb.OutOfMemoryException):
        return None
    # Copying a folder gives an error of its own, which tells the reasons in its text only; and so does DuckDB.
    text = str(error)
    reason = next((why for why in map(os.strerror, _DISK_ERRORS) if why in text), None)
    if reason is None and _NO_ROOM_TO_SPILL in text:
        reason = os.strerror(errno.ENOSPC)
    if reason is None:
        return None
    return ArchiveFault(
        f"the run could not be archived in {place}: {reason}",
        advice='make room there (k6spec runs lists what is old), or set runs = "/other/place" in [tool.k6spec]',
    )


def find_runs(runs: Path) -> list[RunFolder]:
    """All runs' folders, the newest first."""
    if not runs.is_dir():
        return []
    return [RunFolder(path) for path in sorted(_folders(runs), key=lambda path: path.name, reverse=True)]


def find_run(runs: Path, name: str) -> RunFolder:
    """The run called ``name``: a run id, the end or beginning of one, a path, or ``last``.

    Raises:
        UsageError: there is none, or more than one.
    """
    given = Path(name)
    if given.is_dir() and (given / INFO).is_file():
        return RunFolder(given.resolve())
    found = find_runs(runs)
    if name == "last":
        matching = [run for run in found if run.is_whole()][:1]
    else:
        matching = [run for run in found if run.run_id.startswith(name) or run.run_id.endswith(name)]
    if len(matching) == 1:
        return matching[0]
    newest = ", ".join(run.run_id for run in found[:3])
    what = f"{len(matching)} runs are called {name!r}" if matching else f"there is no run {name!r} in {runs}"
    advice = (
        f"give a run id; the newest are: {newest}"
        if newest
        else "there is none yet: pytest specs/ makes one, without a replay"
    )
    raise UsageError(what, advice=advice)


def _alive(info: Mapping[str, object]) -> bool:
    """Whether the process that wrote it still runs; older records have a pid alone."""
    pid, begun = info.get("pid"), info.get("process_begun")
    now = process_begun(pid) if isinstance(pid, int) else None
    return now is not None and begun in (None, now)


def _folders(runs: Path) -> Iterator[Path]:
    return (path for path in runs.iterdir() if path.is_dir() and (path / INFO).is_file())
