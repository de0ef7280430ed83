"""Numbers in place of ids and hashes."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


def numbered(first: Keys, second: Keys) -> tuple[Ints, Ints]:
    """A number for each different pair.

    Returns:
        The pairs' numbers, and where each number stands first.
    """
    mixed = second ^ (first * _SPREAD)
    order = np.argsort(mixed)
    new = np.diff(mixed[order], prepend=~mixed[order[:1]]) != 0
    differ = np.flatnonzero((np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)) + 1
    if np.any(~new[differ]):  # two of them are mixed into the same number
        order = np.lexsort((second, first))
        new = np.ones(len(order), np.bool_)
        new[1:] = (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers, np.minimum.reduceat(order, np.flatnonzero(new)) if len(order) else order


@final
class Numbers:
    """A number for each different key, in the order in which they come: 0, 1, 2 …"""

    __slots__ = ("_keys", "_numbers")

    def __init__(self) -> None:
        self._keys = np.empty(0, np.uint64)
        self._numbers = np.empty(0, np.int32)

    def of(self, keys: Keys) -> NDArray[np.int32]:
        """The numbers of some keys."""
        fresh = np.setdiff1d(np.unique(keys), self._keys, assume_unique=True)
        if len(fresh):
            known = np.concatenate([self._keys, fresh])
            order = np.argsort(known)
            given = np.arange(len(self._keys), len(known), dtype=np.int32)
            self._keys, self._numbers = known[order], np.concatenate([self._numbers, given])[order]
        return self._numbers[np.searchsorted(self._keys, keys)]
