"""Tables too long for memory, in parts on disk: each part holds all rows of what belongs together."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Final, Self, final

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]
PartNumbers = NDArray[np.uint8]

MOST_PARTS: Final = 256


@final
class PartsOnDisk:
    """Records, a file for each part. The files have no names: whatever happens, nothing is left of them.

    Args:
        count: how many parts, 256 at most.
        kind: what the records are made of.
        folder: where there is room; by default where the system has its temporary files.
    """

    __slots__ = ("_files", "_kind", "_open", "_read")

    def __init__(self, count: int, kind: np.dtype[Any], folder: Path | None) -> None:
        self._kind = kind
        self._open = ExitStack()
        self._files = [self._open.enter_context(_nameless(folder)) for _ in range(count)]
        self._read = [0] * count

    def __len__(self) -> int:
        return len(self._files)

    def add(self, part: PartNumbers, records: Records) -> None:
        """Adds records, each to its part."""
        ends = np.cumsum(np.bincount(part, minlength=len(self._files)))
        ordered = records[np.argsort(part, kind="stable")]
        for file, added in zip(self._files, np.split(ordered, ends[:-1]), strict=True):
            file.write(added.tobytes())

    def whole(self, part: int) -> Records:
        """All records of a part, in the order in which they were added."""
        self._files[part].seek(0)
        return np.frombuffer(self._files[part].read(), self._kind)

    def drop(self, part: int) -> None:
        """Gives the room of a part back."""
        self._files[part].close()

    def following(self, part: PartNumbers) -> Records:
        """The next record of each of these parts, in their order; the first time the first of each."""
        counts = np.bincount(part, minlength=len(self._files))
        found = np.empty(len(part), self._kind)
        found[np.argsort(part, kind="stable")] = np.concatenate(
            [self._following(number, int(count)) for number, count in enumerate(counts)]
        )
        return found

    def _following(self, part: int, count: int) -> Records:
        self._files[part].seek(self._read[part])
        raw = self._files[part].read(count * self._kind.itemsize)
        self._read[part] += len(raw)
        return np.frombuffer(raw, self._kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def _nameless(folder: Path | None) -> IO[bytes]:
    return TemporaryFile(dir=folder)
