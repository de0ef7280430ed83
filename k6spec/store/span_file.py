"""The file of a run's spans while it is written: Parquet, laid out for what specs ask."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Final, final

import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.store.spans import CODED, EVENT, LINK, SCHEMA

_GROUP_ROWS: Final = 1 << 16
_GROUP_BYTES: Final = 64 << 20
# Of these hardly two are the same: a dictionary of them would cost more than it saves.
_DIFFERENT: Final = frozenset(
    {"trace_id", "span_id", "parent_span_id", "start_ns", "duration_ns", "node", "parent_node"}
    | {"self_ns", "critical_ns", "critical_self_ns"}
    | {"events.list.element.time_ns", "links.list.element.trace_id", "links.list.element.span_id"}
)
_ASKED_FOR: Final = ["service", "name", "kind", "start_ns", "duration_ns", "category", "trace_no"]
"""Columns whose smallest and largest values are noted for each group of rows."""


@final
class SpanFile:
    """Writes spans; ``with`` closes it, and it can be read then.

    Args:
        schema: of what is written, ``CODED`` where most batches are: readers find ``SCHEMA`` in either case.
    """

    def __init__(self, path: Path, schema: pa.Schema = SCHEMA) -> None:
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._writer = pq.ParquetWriter(
            path,
            _as_read(schema) if schema == CODED else schema,
            compression="zstd",
            use_dictionary=[  # type: ignore[arg-type]
                leaf for field in schema for leaf in _leaves(field.name, field.type) if leaf not in _DIFFERENT
            ],
            write_statistics=_ASKED_FOR,
            write_batch_size=8_192,
            store_schema=schema != CODED,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds a batch; small ones are put together, as a group of rows for each would be slow to read."""
        batch = batch.cast(self._schema)
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, schema=self._schema))
            self._waiting = []
            self._rows = self._bytes = 0

    def __enter__(self) -> SpanFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()


def _as_read(schema: pa.Schema) -> pa.Schema:
    """With Arrow's note in the file of what it is to be read as, which would be of dictionaries else."""
    return schema.with_metadata({"ARROW:schema": b64encode(SCHEMA.serialize().to_pybytes())})


def _leaves(name: str, kind: pa.DataType) -> list[str]:
    """Parquet's names of the columns that a field becomes."""
    if pa.types.is_map(kind):
        return [f"{name}.key_value.key", f"{name}.key_value.value"]
    if pa.types.is_list(kind):
        struct = EVENT if kind.value_type == EVENT else LINK
        return [leaf for field in struct for leaf in _leaves(f"{name}.list.element.{field.name}", field.type)]
    if pa.types.is_struct(kind):
        return [f"{name}.{field.name}" for field in kind]
    return [name]
