"""Reading an archived table in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_ROWS: Final = 1 << 14


def read_batches(
    table: Path, columns: Sequence[str] | None = None, *, rows: int = _ROWS
) -> Iterator[pa.RecordBatch]:
    """A table's rows in their order; memory does not grow with the table.

    Args:
        rows: of a batch, at most.
    """
    # Arrow would keep all that it read ahead, which is the whole file in the end.
    with pq.ParquetFile(table, pre_buffer=False) as file:
        yield from file.iter_batches(rows, columns=None if columns is None else list(columns))
