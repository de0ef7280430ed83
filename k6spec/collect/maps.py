"""Looking attributes up in a whole column at once."""

from __future__ import annotations

from typing import final

import numpy as np
import pyarrow as pa

from k6spec.collect.arrow import Array, Integers, Mask, mask_of, plain


@final
class AttributeColumn:
    """A column of attribute maps, indexed by key once and then asked for any number of keys."""

    def __init__(self, column: Array) -> None:
        self._rows = len(column)
        # The column's own part of its children: a slice shares those of the whole.
        offsets = column.offsets.to_numpy()
        first, length = int(offsets[0]), int(offsets[-1] - offsets[0])
        self._items = column.items.slice(first, length)
        self._is_set = mask_of(self._items.is_valid())
        keys = column.keys.slice(first, length).dictionary_encode()
        self._codes = keys.indices.to_numpy()
        self._code_of: dict[str, int] = {key: code for code, key in enumerate(keys.dictionary.to_pylist())}
        self._parents = np.repeat(np.arange(self._rows), np.diff(offsets))

    @property
    def keys(self) -> list[str]:
        """Every key that is anywhere in the column."""
        return list(self._code_of)

    def text(self, *names: str) -> Array:
        """For each row the value of the first of ``names`` that is set, of equal keys the first; else null."""
        known = [name for name in names if name in self._code_of]
        if not known:
            return pa.nulls(self._rows, pa.string())
        positions = np.full(self._rows, -1, np.int64)
        for name in reversed(known):
            found = self._find(name)[::-1]
            positions[self._parents[found]] = found
        return plain(self._items.take(pa.array(positions, mask=positions < 0)))

    def has(self, *names: str) -> Mask:
        """For each row whether any of ``names`` is set there."""
        rows = np.zeros(self._rows, np.bool_)
        for name in names:
            rows[self._parents[self._find(name)]] = True
        return rows

    def _find(self, name: str) -> Integers:
        code = self._code_of.get(name)
        if code is None:
            return np.empty(0, np.int64)
        return np.flatnonzero((self._codes == code) & self._is_set)
