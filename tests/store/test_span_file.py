"""The file of a run's spans while it is written."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec.collect.decode import decode
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import SCHEMA
from tests.support.golden import GOLDEN


@pytest.fixture
def batch():
    return decode(GOLDEN)[0]


def test_what_is_read_is_what_was_written(batch, tmp_path):
    with SpanFile(tmp_path / "spans.parquet") as file:
        file.write(batch)
        file.write(batch)
    assert pq.read_table(tmp_path / "spans.parquet", schema=SCHEMA).equals(pa.Table.from_batches([batch, batch]))


def test_small_batches_share_a_group_of_rows(batch, tmp_path):
    with SpanFile(tmp_path / "spans.parquet") as file:
        for _ in range(100):
            file.write(batch)
    assert pq.ParquetFile(tmp_path / "spans.parquet").num_row_groups == 1
