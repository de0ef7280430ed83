"""Reading a table in batches."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.store.batches import read_batches

_ROWS = 1 << 15
_WIDTH = 1 << 8


def random_table(path: Path) -> None:
    """Eight megabytes in groups of a sixteenth of them."""
    values = [os.urandom(_WIDTH) for _ in range(_ROWS)]
    pq.write_table(pa.table({"number": range(_ROWS), "text": values}), path, row_group_size=_ROWS // 16)


def test_rows_come_in_their_order(tmp_path: Path) -> None:
    random_table(tmp_path / "some.parquet")
    batches = list(read_batches(tmp_path / "some.parquet", ["number"], rows=1_000))
    assert pa.Table.from_batches(batches)["number"].to_pylist() == list(range(_ROWS))
    assert max(len(batch) for batch in batches) <= 1_000


def test_what_was_read_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    random_table(path)
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _batch in read_batches(path, rows=1_000)]
    assert max(held) < path.stat().st_size / 2
