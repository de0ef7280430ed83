"""Arrow's lists and numpy's offsets."""

from __future__ import annotations

import numpy as np

from k6spec.collect.arrow import Array, Integers, Mask, pc


def offsets_of(lists: Array) -> Integers:
    """Offsets into the flattened lists; an absent list is an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def parents_of(lists: Array) -> Integers:
    """For each entry of the flattened lists, the number of its list."""
    return np.repeat(np.arange(len(lists)), np.diff(offsets_of(lists)))


def kept_offsets(kept: Mask, offsets: Integers) -> Integers:
    """Offsets once only the entries are left that are ``kept``."""
    return np.concatenate(([0], np.cumsum(kept)))[offsets]
