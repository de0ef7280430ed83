"""The attributes that most spans have, once more as columns: a map is read with all of its keys and values.

The maps stay what counts, and hold the other keys. The copies are a struct each, and no part of the documented
tables: which keys they hold is each run's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from k6spec.store.batches import read_batches

BY_KEY: Final = {"attributes": "attributes_by_key", "resource": "resource_by_key"}
"""The maps that are copied, and into what."""

Keys = Mapping[str, Sequence[str]]
"""Of each copy its keys."""

_MOST: Final = 32
_READ: Final = re.compile(rf"\bs\.({'|'.join(BY_KEY)})\['((?:[^']|'')*)'\]")


def frequent_keys(spans: Path) -> Keys:
    """The keys to copy: of each map the most frequent ones, those of as many spans by name."""
    return {copy: _named_apart(_counted(spans, name)) for name, copy in BY_KEY.items()}


def fields(keys: Keys) -> list[pa.Field[Any]]:
    """The columns of the copies; a map that is empty in all spans has none."""
    return [
        pa.field(copy, pa.struct([(key, pa.string()) for key in chosen]))
        for copy, chosen in keys.items()
        if chosen
    ]


def copies(spans: pa.RecordBatch, keys: Keys) -> list[pa.Array[Any]]:
    """The columns for some spans. As DuckDB does, the first of several entries with one key counts."""
    found: list[pa.Array[Any]] = []
    for name, copy in BY_KEY.items():
        if not keys[copy]:
            continue
        whole: Any = spans[name]
        rows = np.repeat(np.arange(len(whole)), np.diff(whole.offsets.to_numpy()))
        begin, end = whole.offsets[0].as_py(), whole.offsets[-1].as_py()
        encoded = pc.dictionary_encode(whole.keys.slice(begin, end - begin))
        codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        values = whole.items.slice(begin, end - begin)
        code = {key: number for number, key in enumerate(names)}
        columns = []
        for key in keys[copy]:
            at = np.flatnonzero(codes == code.get(key, -1))[::-1]
            place = np.full(len(whole), -1)
            place[rows[at]] = at
            columns.append(values.take(pa.array(place, mask=place < 0)))
        found.append(pa.StructArray.from_arrays(columns, names=list(keys[copy])))
    return found


def keys_in(schema: pa.Schema) -> Keys:
    """The keys that an archived table has copies of; none in an older archive."""
    return {
        copy: [field.name for field in schema.field(copy).type] if copy in schema.names else []
        for copy in BY_KEY.values()
    }


def from_copies(sql: str, keys: Keys) -> str:
    """A query on ``spans s`` that reads the copies where it read the maps."""

    def copied(read: re.Match[str]) -> str:
        copy, key = BY_KEY[read[1]], read[2].replace("''", "'")
        return f's.{copy}."{key.replace(chr(34), chr(34) * 2)}"' if key in keys[copy] else read[0]

    return _READ.sub(copied, sql)


def _counted(spans: Path, name: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for batch in read_batches(spans, [f"{name}.key_value.key"]):
        column: Any = batch[name]
        for entry in pc.value_counts(column.flatten().field("key")).to_pylist():
            counted[entry["values"]] += entry["counts"]
    return counted


def _named_apart(counted: Counter[str]) -> list[str]:
    """DuckDB tells a struct's fields apart by their letters alone, not by their case."""
    chosen: dict[str, str] = {}
    for key, _count in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])):
        # Those of k6's own spans, which no claim is about, are left out.
        if key and key.isprintable() and not key.startswith("k6.") and len(chosen) < _MOST:
            chosen.setdefault(key.casefold(), key)
    return sorted(chosen.values())
