"""DuckDB, as every part of k6spec opens it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import duckdb


def connect(*, memory: str | None = None, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory, which leaves what is too large for it in a folder.

    By itself DuckDB would leave it in the working directory, and draw a progress bar over what pytest prints.

    Args:
        memory: from where on that is too large (``512MB``); by default most of the machine's.
        spill: the folder; by default one where the system has its temporary files.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    # The description of a long run's tables takes longer to read than many a column of them.
    connection.execute("SET parquet_metadata_cache = true")
    spill = spill or Path(tempfile.gettempdir()) / f"k6spec-duckdb-{os.getpid()}"
    connection.execute("SET temp_directory = ?", [str(spill)])
    if memory is not None:
        connection.execute("SET memory_limit = ?", [memory])
    return connection
