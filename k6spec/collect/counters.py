"""The receiver's counters: a small shared file, so that they can be read at any time and even after its death."""

from __future__ import annotations

import mmap
import struct
import threading
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from pathlib import Path


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a receiver has seen since it was started."""

    accepted_messages: int = 0  # messages with at least one span
    accepted_spans: int = 0
    refused: int = 0  # spans answered with an error; a message whose spans cannot be counted is one
    unwritten: int = 0  # of those refused the spans that the spool's disk did not take
    sdk_queue_full: int = 0  # otel.sdk.processor.span.processed{error.type=queue_full}
    sdk_export_failed: int = 0  # otel.sdk.exporter.span.exported with any error.type

    def since(self, start: Counts) -> Counts:
        """The difference to an earlier reading."""
        return Counts(
            **{field.name: getattr(self, field.name) - getattr(start, field.name) for field in fields(self)}
        )


_NAMES: Final = [field.name for field in fields(Counts)]
_MOST: Final = 2**63 - 1
_LAYOUT: Final = struct.Struct(f"={len(_NAMES)}q")


@final
class CounterWriter:
    """The receiver's side; safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        path.write_bytes(_LAYOUT.pack(*astuple(Counts())))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _LAYOUT.size)
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        """Adds to the named counters of :class:`Counts`."""
        with self._lock:
            values = list(_LAYOUT.unpack_from(self._memory))
            for name, count in counts.items():
                place = _NAMES.index(name)
                values[place] = min(values[place] + count, _MOST)
            _LAYOUT.pack_into(self._memory, 0, *values)


@final
class CounterReader:
    """The feed's side."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), _LAYOUT.size, access=mmap.ACCESS_READ)

    def read(self) -> Counts:
        """The counters as they are now."""
        return Counts(**dict(zip(_NAMES, _LAYOUT.unpack_from(self._memory), strict=True)))

    def close(self) -> None:
        """Releases the file."""
        self._memory.close()
