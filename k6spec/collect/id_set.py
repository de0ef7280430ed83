"""Sets of trace and span ids that whole columns are looked up in, batch after batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from k6spec.collect.arrow import Array, Integers, Mask, mask_of

_WORD: Final = 8
_ODD: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


@final
class IdSet(Sequence[bytes]):
    """Different ids of 8 or 16 bytes, in an order of their own.

    Sorted once: Arrow's own look-up would hash them all again for each batch. A long load has millions, and in a
    Python set each takes a hundred bytes.

    Args:
        ids: a column of fixed-size binary; nulls are left out, and an id may come more than once.

    ``repeated`` says of each whether it did.
    """

    __slots__ = ("_alike", "_keys", "_words", "repeated")

    def __init__(self, ids: Array) -> None:
        words = _words(ids.drop_null())
        keys = _keys(words)
        order = np.argsort(keys, kind="stable")
        if _longest_run(keys[order]) > 1:
            order = np.lexsort((*words.T, keys))
        keys, words = keys[order], words[order]
        again = np.zeros(len(words), dtype=np.bool_)
        again[1:] = (words[1:] == words[:-1]).all(axis=1)
        first = ~again
        self.repeated: NDArray[np.bool_] = np.append(again[1:], False)[first] if again.any() else again
        self._keys, self._words = (keys[first], words[first]) if again.any() else (keys, words)
        self._alike = _longest_run(self._keys)

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
        if not len(self._keys):
            return found
        there = mask_of(ids.is_valid())
        words = _words(ids.drop_null())
        keys = _keys(words)
        order = np.argsort(keys)  # ids that are looked for in order are found several times as fast
        at = np.empty(len(keys), dtype=np.int64)
        at[order] = np.searchsorted(self._keys, keys[order])
        matched = np.full(len(keys), -1, dtype=np.int64)
        for _ in range(self._alike):
            inside = np.minimum(at, len(self._keys) - 1)
            same = (self._words[inside] == words).all(axis=1)
            matched[same] = inside[same]
            at += 1
        found[there] = matched
        return found

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, id_: object) -> bool:
        width = self._words.shape[1] * _WORD
        known = isinstance(id_, bytes) and len(id_) == width
        return known and bool(self.find(pa.array([id_], pa.binary(width)))[0] >= 0)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        chosen = self._words[index]
        return [each.tobytes() for each in chosen] if isinstance(index, slice) else bytes(chosen.tobytes())


def _words(ids: Array) -> NDArray[np.uint64]:
    """A row of numbers for each id: only their being equal or not matters."""
    whole: Array = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    count = whole.type.byte_width // _WORD
    data = whole.buffers()[1]
    if data is None or not len(whole):
        return np.empty((0, count), dtype=np.uint64)
    return np.frombuffer(data, dtype=np.uint64).reshape(-1, count)[whole.offset : whole.offset + len(whole)]


def _keys(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each id, hardly ever the same for two: scripts may choose ids of which one half is the same."""
    mixed = [words[:, column] * np.uint64(_ODD[column]) for column in range(words.shape[1])]
    key: NDArray[np.uint64] = np.bitwise_xor.reduce(mixed)
    return key


def _longest_run(ordered: NDArray[np.uint64]) -> int:
    """How many equal numbers follow one another at most."""
    if not len(ordered):
        return 0
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    return int(np.diff(ends, prepend=-1).max())
