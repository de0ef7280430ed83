"""Sets of trace and span ids that whole columns are looked up in, batch after batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, final, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from k6spec.collect.arrow import Array, Integers, Mask, mask_of

_WORD: Final = 8
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_Column: TypeAlias = NDArray[np.uint64]


@final
class IdSet(Sequence[bytes]):
    """Different ids of 8 or 16 bytes, in an order of their own.

    Sorted once: Arrow's own look-up would hash them all again for each batch. A long load has millions, and in a
    Python set each takes a hundred bytes; here it takes its own length and one byte.

    Args:
        ids: a column of fixed-size binary, or parts of one; nulls are left out, and an id may come more than once.

    ``repeated`` says of each whether it did.
    """

    __slots__ = ("_alike", "_columns", "repeated")

    def __init__(self, ids: Array | Iterable[Array]) -> None:
        parts = [ids] if isinstance(ids, (pa.Array, pa.ChunkedArray)) else ids
        columns = _joined([_columns(part.drop_null()) for part in parts])
        order = np.argsort(columns[0])
        if _longest_run(columns[0][order]) > 1:
            order = np.lexsort(columns[::-1])
        for place, column in enumerate(columns):
            columns[place] = column[order]
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = _both([column[1:] == column[:-1] for column in columns])
        if again.any():
            first = ~again
            columns = [column[first] for column in columns]
            again = np.append(again[1:], False)[first]
        self.repeated: NDArray[np.bool_] = again
        self._columns = columns
        self._alike = _longest_run(columns[0])

    @classmethod
    def of(cls, ids: Iterable[bytes], width: int) -> IdSet:
        """The set of these ids, each ``width`` bytes long."""
        return cls(pa.array(list(ids), pa.binary(width)))

    def has(self, ids: Array) -> Mask:
        """For each row of a column whether its id is among these; a null is not."""
        found: Mask = self.find(ids) >= 0
        return found

    def find(self, ids: Array) -> Integers:
        """Where each of a column's ids is in this set; -1 for those that are not, and for nulls."""
        found = np.full(len(ids), -1, dtype=np.int64)
        if not len(self):
            return found
        there = mask_of(ids.is_valid())
        asked = _columns(ids.drop_null())
        order = np.argsort(asked[0])  # ids that are looked for in order are found several times as fast
        at = np.empty(len(order), dtype=np.int64)
        at[order] = np.searchsorted(self._columns[0], asked[0][order])
        matched = np.full(len(order), -1, dtype=np.int64)
        for _ in range(self._alike):
            inside = np.minimum(at, len(self) - 1)
            same = _both([mine[inside] == one for mine, one in zip(self._columns, asked, strict=True)])
            matched[same] = inside[same]
            at += 1
        found[there] = matched
        return found

    def __len__(self) -> int:
        return len(self._columns[0])

    def __contains__(self, id_: object) -> bool:
        width = len(self._columns) * _WORD
        known = isinstance(id_, bytes) and len(id_) == width
        return known and bool(self.find(pa.array([id_], pa.binary(width)))[0] >= 0)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, int):
            return bytes(_words([column[index, None] for column in self._columns])[0].tobytes())
        return [each.tobytes() for each in _words([column[index] for column in self._columns])]


def _columns(ids: Array) -> list[_Column]:
    """A number for each eight bytes of an id.

    The first of two is mixed with the second, so that hardly ever two ids have the same: scripts may choose ids of
    which one half is the same. The two still say which id it is, so nothing else need be kept.
    """
    whole: Array = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    count = whole.type.byte_width // _WORD
    data = whole.buffers()[1]
    if data is None or not len(whole):
        return [np.empty(0, dtype=np.uint64) for _ in range(count)]
    words = np.frombuffer(data, dtype=np.uint64).reshape(-1, count)[whole.offset : whole.offset + len(whole)]
    last = words[:, -1].copy()
    return [last] if count == 1 else [words[:, 0] ^ last * _ODD, last]


def _words(columns: list[_Column]) -> NDArray[np.uint64]:
    """A row for each id: :func:`_columns` undone."""
    if len(columns) == 1:
        return columns[0].reshape(-1, 1)
    mixed, last = columns
    return np.stack([mixed ^ last * _ODD, last], axis=1)


def _joined(parts: list[list[_Column]]) -> list[_Column]:
    """The columns of all parts; each part's own are given up meanwhile."""
    columns = [np.concatenate([part.pop() for part in parts]) for _ in range(len(parts[0]))]
    return columns[::-1]


def _both(masks: Sequence[Mask]) -> Mask:
    every: Mask = np.logical_and.reduce(masks)
    return every


def _longest_run(ordered: _Column) -> int:
    """How many equal numbers follow one another at most."""
    if not len(ordered):
        return 0
    equal = np.flatnonzero(ordered[1:] == ordered[:-1])
    if not len(equal):
        return 1
    ends = np.append(np.flatnonzero(np.diff(equal) != 1), len(equal) - 1)
    return int(np.diff(ends, prepend=-1).max()) + 1
