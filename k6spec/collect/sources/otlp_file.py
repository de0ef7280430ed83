"""Files that the OpenTelemetry Collector's file exporter writes, rotated ones included.

They hold all that passed the Collector and grow while they are read, so this is a
:class:`~k6spec.collect.sources.base.GrowingSource`: a feed reads each file on from where it stopped, by its inode,
which rotation keeps. Memory holds one group of messages (some MiB) and for each file where reading goes on;
nothing is indexed, so ``fetch``, which owes all spans each time, reads the files from their beginning each time.

``format: proto`` is read at the speed of decode, JSON at some 20,000 spans/s.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, final

import pyarrow as pa
import pyarrow.compute as pc

from k6spec.collect.decode import decode
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.otlp_signal import is_other_signal, traces_of
from k6spec.collect.sources.otlp_tail import OtlpTail
from k6spec.errors import StackFault
from k6spec.options import Options
from k6spec.units import Duration, seconds

_LAG: Final = seconds(2)
# What the exporter puts between name and suffix of a file that it is done with: 2025-04-30T15-00-00.000-size
_ROTATED: Final = r"-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d.*"
_PATTERN: Final = frozenset("*?[")


def make(options: Options, root: Path) -> OtlpFileSource:
    """The source that settings describe: ``path`` (a file, a folder or a pattern with ``*``) and ``lag``.

    Raises:
        ConfigError: a setting is missing or wrong.
    """
    return OtlpFileSource(root / options.required("path"), lag=options.duration("lag", _LAG))


@final
class OtlpFileSource:
    """A :class:`~k6spec.collect.sources.base.GrowingSource` over files.

    Args:
        path: a file, with its rotated siblings; a folder, with all files in it; or a pattern, as of the shell.
        lag: how late spans reach the disk; the exporter writes once a second unless told otherwise.
    """

    def __init__(self, path: Path, *, lag: Duration = _LAG) -> None:
        self._path = path.absolute()
        self._lag = lag
        self._reading = _Reading(self._path)

    @property
    def name(self) -> str:
        """``otlp-file``."""
        return "otlp-file"

    @property
    def address(self) -> str:
        """The path."""
        return str(self._path)

    @property
    def by_id(self) -> bool:
        """No: it is the Collector's own stream."""
        return False

    @property
    def lag(self) -> Duration:
        """As set."""
        return self._lag

    @property
    def undecodable(self) -> int:
        """Spans, or whole messages, in what was read on that could not be decoded."""
        return self._reading.undecodable

    def check(self) -> None:
        """Looks whether there are files, and into the beginning of each until one has spans.

        Raises:
            StackFault: there is none, none can be read, or they hold something else than spans.
        """
        if _Reading(self._path).others_only():
            raise StackFault(
                f"{self._path} holds metrics or logs and no spans",
                advice="set path of [tool.k6spec.source] to that of the file exporter in the Collector's traces "
                "pipeline; if all pipelines share one, send a request first",
            )

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """All spans of the wanted traces, and none of others.

        Raises:
            StackFault: there are no files, one cannot be read, or none of them is OTLP.
        """
        return _Reading(self._path).spans(wanted.trace_ids)

    def skip(self) -> None:
        """Reads over what is there now, which takes about a second a GB."""
        self._reading.skip()

    def read_on(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """Spans of the wanted traces that have been written since the last time, and none of others.

        Raises:
            StackFault: as ``fetch``.
        """
        return self._reading.spans(wanted.trace_ids)

    def truncated(self) -> Collection[bytes]:
        """None that it knows of."""
        return ()

    def trace_url(self, trace_id: str, span_id: str | None = None) -> None:
        """None: a file shows nothing."""

    def close(self) -> None:
        """Nothing is held open."""


@final
class _Reading:
    """How far each file was read, by device and inode."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tails: dict[tuple[int, int], OtlpTail] = {}
        self._undecodable = 0

    @property
    def undecodable(self) -> int:
        return self._undecodable + sum(tail.damaged for tail in self._tails.values())

    def spans(self, trace_ids: Sequence[bytes]) -> Iterator[pa.RecordBatch]:
        wanted = None
        for messages in self._messages():
            if wanted is None:  # most looks find nothing new
                wanted = pa.array(trace_ids, pa.binary(16))
            batch = self._decoded(messages)
            mine = batch.filter(pc.is_in(batch["trace_id"], wanted))
            if mine.num_rows:
                yield mine

    def skip(self) -> None:
        for tail, file in self._files(_found(self._path)):
            for _ in tail.read(file):
                pass
            tail.damaged = 0

    def others_only(self) -> bool:
        """Whether there is something in the files, but no span among the first messages of any."""
        something = False
        for tail, file in self._files(self._there()):
            for messages in tail.read(file):
                something = True
                if self._decoded(messages).num_rows:
                    return False
                break
        self._check_otlp()
        return something

    def _messages(self) -> Iterator[list[bytes]]:
        for tail, file in self._files(self._there()):
            yield from tail.read(file)
        self._check_otlp()

    def _there(self) -> list[Path]:
        found = _found(self._path)
        if not found:
            raise StackFault(
                f"there is no file {self._path}",
                advice="set path of [tool.k6spec.source] to that of the Collector's file exporter, as seen from "
                "here; with rotation the Collector makes it with the first spans: create it empty",
            )
        return found

    def _files(self, paths: Sequence[Path]) -> Iterator[tuple[OtlpTail, IO[bytes]]]:
        for path in paths:
            try:
                file = path.open("rb", buffering=0)
            except FileNotFoundError:
                continue  # rotated just now: the next look finds it by its new name
            except OSError as error:
                raise _unreadable(path, error) from error
            with file:
                status = os.fstat(file.fileno())
                yield self._tails.setdefault((status.st_dev, status.st_ino), OtlpTail()), file

    def _check_otlp(self) -> None:
        if self._tails and all(tail.foreign for tail in self._tails.values()):
            raise StackFault(
                f"{self._path} is not OTLP: neither JSON lines nor protobuf with lengths, plain or zstd",
                advice="set path of [tool.k6spec.source] to that of the Collector's file exporter, without an "
                "encoding extension",
            )

    def _decoded(self, framed: Sequence[bytes]) -> pa.RecordBatch:
        messages = []
        for message in framed:
            try:
                if (traces := traces_of(message)) is not None:
                    messages.append(traces)
            except ValueError:
                self._undecodable += 1
        batch, undecodable = decode(messages)
        if undecodable:
            undecodable -= sum(decode([message])[1] for message in messages if is_other_signal(message))
        self._undecodable += undecodable
        return batch


def _found(path: Path) -> list[Path]:
    """The files that there are now, in the order of their names."""
    try:
        if path.is_dir():
            return sorted(file for file in path.rglob("*") if file.is_file())
        found = [path] if path.exists() else []
        if not found and _PATTERN.intersection(str(path)):
            matching = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
            return sorted(file for file in matching if file.is_file())
        rotated = re.compile(re.escape(path.stem) + _ROTATED + re.escape(path.suffix))
        siblings = path.parent.iterdir() if path.parent.is_dir() else ()
        return sorted([*found, *(file for file in siblings if rotated.fullmatch(file.name))])
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> StackFault:
    return StackFault(
        f"{path} cannot be read: {error.strerror}",
        advice="let the user who runs this read what the Collector writes",
    )
