"""A full disk is told as one, whichever library met it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from k6spec.store.archive import disk_fault
from k6spec.store.engine import connect
from tests.support.disks import disk

_LONG = "(SELECT md5(number::VARCHAR) AS text FROM range(300_000) counted(number))"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    with disk(tmp_path / "disk", size="4m") as path:
        yield path


def said_of(error: BaseException, place: Path) -> str:
    fault = disk_fault(error, place)
    assert fault is not None
    return fault.cause


def test_duckdb_that_writes_to_a_full_disk(small_disk: Path) -> None:
    with connect() as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute(f"COPY {_LONG} TO '{small_disk}/long.parquet' (FORMAT parquet)")
    assert "No space left on device" in said_of(raised.value, small_disk)


def test_duckdb_that_has_no_room_to_spill(small_disk: Path) -> None:
    with connect(memory="8MB", spill=small_disk / "spilled") as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute(f"CREATE TEMP TABLE ordered AS FROM {_LONG} ORDER BY text")
    assert "No space left on device" in said_of(raised.value, small_disk)


def test_a_query_that_needs_more_memory_than_it_may_take_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    with connect(memory="1MB", spill=tmp_path) as connection, pytest.raises(duckdb.OutOfMemoryException) as raised:
        connection.execute(f"SELECT list(text) FROM {_LONG}")
    assert disk_fault(raised.value, tmp_path) is None
