"""The file of a run's spans while it is written."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec.collect.decode import decode
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import CODED, SCHEMA
from tests.support.golden import GOLDEN


@pytest.fixture
def batch():
    return decode(GOLDEN)[0]


def test_what_is_read_is_what_was_written(batch, tmp_path):
    with SpanFile(tmp_path / "spans.parquet") as file:
        file.write(batch)
        file.write(batch)
    assert pq.read_table(tmp_path / "spans.parquet", schema=SCHEMA).equals(pa.Table.from_batches([batch, batch]))


def test_readers_find_plain_texts_whichever_batches_came(batch, tmp_path):
    path = tmp_path / "spans.parquet"
    other = decode(GOLDEN[:1])[0]
    with SpanFile(path, CODED) as file:
        file.write(batch.cast(CODED))
        file.write(other)
        file.write(other.cast(CODED).slice(1))
    written = pq.read_table(path)
    assert written.schema == SCHEMA
    assert written.equals(pa.Table.from_batches([batch, other, other.slice(1)]))
    with duckdb.connect() as connection:
        kinds = connection.execute("SELECT typeof(attributes), typeof(resource) FROM read_parquet(?)", [str(path)])
        assert kinds.fetchone() == ("MAP(VARCHAR, VARCHAR)",) * 2


def test_small_batches_share_a_group_of_rows(batch, tmp_path):
    with SpanFile(tmp_path / "spans.parquet") as file:
        for _ in range(100):
            file.write(batch)
    assert pq.ParquetFile(tmp_path / "spans.parquet").num_row_groups == 1
