"""A set of ids that whole columns are looked up in, batch after batch."""

from __future__ import annotations

from typing import Any, Final, final

import numpy as np

from k6spec.collect.arrow import Array, Mask, mask_of, pc

_WORD: Final = 8


@final
class IdSet:
    """Ids of 8 or 16 bytes, sorted once: Arrow's own look-up would hash them all again for each batch.

    Args:
        ids: a column of fixed-size binary without nulls; an id may come more than once.
    """

    def __init__(self, ids: Array) -> None:
        self._ids = pc.unique(ids)
        words = _words(self._ids)
        self._words = words[np.argsort(words[:, -1])]
        # The last eight bytes of trace ids are random: where they tell ids apart, they are looked for alone.
        self._last = np.ascontiguousarray(self._words[:, -1])
        self._told_apart = not bool((self._last[1:] == self._last[:-1]).any())

    def __len__(self) -> int:
        return len(self._ids)

    def has(self, column: Array) -> Mask:
        """For each row whether its id is among these; a null is not."""
        if not len(self._ids):
            return np.zeros(len(column), np.bool_)
        if not self._told_apart:
            return mask_of(pc.is_in(column, self._ids)) & mask_of(column.is_valid())
        wanted = _words(column)
        place = np.minimum(np.searchsorted(self._last, wanted[:, -1]), len(self._last) - 1)
        found: Mask = (self._words[place] == wanted).all(axis=1) & mask_of(column.is_valid())
        return found


def _words(ids: Array) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """The column's bytes as numbers, eight bytes each, a row an id."""
    width = ids.type.byte_width // _WORD
    if not len(ids):
        return np.empty((0, width), np.uint64)
    flat = np.frombuffer(memoryview(ids.buffers()[1]), np.uint64)
    return flat[ids.offset * width : (ids.offset + len(ids)) * width].reshape(len(ids), width)
