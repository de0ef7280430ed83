"""Arrow as this package's type checking sees it.

pyarrow's stubs (20.0) know neither Python scalars as arguments of compute functions nor which of their results are
arrays, so that whole-column code is checked against Any here, in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute

pc: Final[Any] = pyarrow.compute
"""``pyarrow.compute``."""

Array: TypeAlias = Any
"""An Arrow array."""

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
"""A boolean a row."""

Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
"""A number a row."""


def mask_of(array: Array) -> Mask:
    """A boolean Arrow array without nulls as numpy's."""
    mask: Mask = array.to_numpy(zero_copy_only=False)
    return mask


def plain(texts: Array) -> Array:
    """A column of texts that may be a dictionary's, as texts."""
    return texts.dictionary_decode() if pa.types.is_dictionary(texts.type) else texts


def map_of(offsets: Integers | Sequence[int], keys: Array, items: Array) -> Array:
    """A map array; row ``i`` has the entries from ``offsets[i]`` to ``offsets[i + 1]``."""
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items)  # type: ignore[call-overload]


def pick(names: Sequence[str], index: np.ndarray[Any, Any]) -> Array:
    """``names[i]`` for each ``i`` of ``index``; null where it is negative."""
    return pa.array(names, pa.string()).take(pa.array(index, pa.int64(), mask=index < 0))
