"""DuckDB, as every part of k6spec opens it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory, which leaves what is too large for it in the system's folder for such files.

    By itself DuckDB would leave it in the working directory, and draw a progress bar over what pytest prints.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    spill = Path(tempfile.gettempdir()) / f"k6spec-duckdb-{os.getpid()}"
    connection.execute("SET temp_directory = ?", [str(spill)])
    return connection
