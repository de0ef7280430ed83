"""ClickHouse, as the Collector's exporter fills it: one query gives the spans of a thousand traces, in Arrow.

Source: opentelemetry-collector-contrib ``exporter/clickhouseexporter`` 0.157; ClickHouse's documentation of its
HTTP interface. The table has neither span flags nor counts of what SDKs dropped; both are 0 here.

- Inserts that the exporter tried again leave rows twice: one of each (trace id, span id) counts.
- With ``async_insert``, which is the exporter's default, rows show up when the server flushes: hence the lag.
- Tables whose attributes are of type JSON (the exporter's ``json: true``) are refused: JSON splits keys at dots.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

import httpx
import numpy as np
import pyarrow as pa

from k6spec.collect.access import Access, read_access
from k6spec.collect.arrow import Array, map_of
from k6spec.collect.semconv import normalise
from k6spec.collect.sources.asking import Backend
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.clickhouse_sql import REQUIRED, columns_of, quoted, spans_of
from k6spec.errors import StackFault
from k6spec.options import Options
from k6spec.store.spans import RECEIVED
from k6spec.units import Duration, seconds

_LAG: Final = seconds(5)
_CHUNK: Final = 1_000
_CODE: Final = re.compile(r"Code: (\d+)\.")
_ADVICE: Final = {
    60: "set database and table of [tool.k6spec.source] to those of the Collector's exporter",
    81: "set database and table of [tool.k6spec.source] to those of the Collector's exporter",
    164: "give its user a profile that may change settings (readonly 0 or 2)",
    192: "set X-ClickHouse-User and X-ClickHouse-Key in headers of [tool.k6spec.source]",
    194: "set X-ClickHouse-User and X-ClickHouse-Key in headers of [tool.k6spec.source]",
    497: "grant its user SELECT on the table",
    516: "set X-ClickHouse-User and X-ClickHouse-Key in headers of [tool.k6spec.source]",
}
"""What to do, by ClickHouse's error code."""


def make(options: Options, root: Path) -> ClickHouseSource:
    """The source that a table of settings describes.

    Beside those of every endpoint (``url`` is that of the HTTP interface, port 8123; user and password go into the
    ``headers`` X-ClickHouse-User and X-ClickHouse-Key): ``database`` (``default``, as the exporter's),
    ``table`` (``otel_traces``) and ``lag``.

    Raises:
        ConfigError: a value is missing or wrong.
    """
    return ClickHouseSource(
        read_access(options, root),
        database=options.text("database", "default") or "",
        table=options.text("table", "otel_traces") or "",
        lag=options.duration("lag", _LAG),
    )


@final
class ClickHouseSource:
    """A :class:`~k6spec.collect.sources.base.TraceSource` over ClickHouse's HTTP interface."""

    name: Final = "clickhouse"
    by_id: Final = True

    def __init__(
        self, access: Access, *, database: str = "default", table: str = "otel_traces", lag: Duration = _LAG
    ) -> None:
        self._backend = Backend("ClickHouse", access, concurrency=4)
        self._table = f"{quoted(database)}.{quoted(table)}"
        self._lag = lag
        self._columns: frozenset[str] | None = None

    @property
    def address(self) -> str:
        """Its URL."""
        return self._backend.address

    @property
    def lag(self) -> Duration:
        """5 s, unless set."""
        return self._lag

    def check(self) -> None:
        """Asks for the table's columns.

        Raises:
            StackFault: it does not answer, refuses us, or has no such table.
        """
        self._columns = self._described()

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """All spans that are there now of the wanted traces, a thousand traces a query.

        Raises:
            StackFault: it does not answer, refuses us, or has no such table.
        """
        if self._columns is None:
            self.check()
        columns = self._columns or frozenset()
        begin, end = wanted.widened

        def ask(trace_ids: Sequence[bytes]) -> list[pa.RecordBatch]:
            hexed = [trace_id.hex() for trace_id in trace_ids]
            return self._batches(self._ask(spans_of(self._table, columns, hexed, begin, end)))

        chunks = (wanted.trace_ids[at : at + _CHUNK] for at in range(0, len(wanted.trace_ids), _CHUNK))
        for batches in self._backend.each(ask, chunks):
            yield from batches

    def truncated(self) -> frozenset[bytes]:
        """None: what exceeds the server's limits is an error."""
        return frozenset()

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """None: it shows no traces."""
        return None

    def close(self) -> None:
        """Ends connections. Safe to call again."""
        self._backend.close()

    def _ask(self, sql: str) -> httpx.Response:
        # Without waiting for the end, an error in the middle would come below a status of 200.
        params = {"wait_end_of_query": "1"}
        try:
            response = self._backend.ask("POST", "/", content=sql.encode(), params=params, absent=())
        except StackFault as fault:
            code = _CODE.search(fault.cause)
            advice = _ADVICE.get(int(code[1])) if code else None
            raise StackFault(fault.cause, advice=advice or fault.advice) from None
        assert response is not None
        return response

    def _described(self) -> frozenset[str]:
        response = self._ask(columns_of(self._table))
        try:
            types = {str(row[0]): str(row[1]) for row in response.json()["data"]}
        except (ValueError, KeyError, IndexError, TypeError):
            raise self._backend.strange(response, "the columns of a table in JSON") from None
        missing = [name for name in REQUIRED if name not in types]
        if missing:
            raise StackFault(
                f"the table {self._table} of ClickHouse at {self.address} has no {', '.join(missing)}",
                advice="set table to the one that the Collector's ClickHouse exporter fills",
            )
        if types["SpanAttributes"].startswith(("JSON", "Object")):
            raise StackFault(
                f"the table {self._table} of ClickHouse at {self.address} keeps attributes as JSON, which splits "
                "their keys at dots",
                advice="let a Collector export without json: true, into a table of its own",
            )
        return frozenset(types)

    def _batches(self, response: httpx.Response) -> list[pa.RecordBatch]:
        try:
            received = pa.ipc.open_stream(response.content).read_all()
        except pa.ArrowInvalid:
            raise self._backend.strange(response, "Arrow") from None
        return [normalise(_as_received(batch)) for batch in received.to_batches() if batch.num_rows]


def _as_received(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of :data:`k6spec.store.spans.RECEIVED`; what ClickHouse does not have is nothing, or 0."""
    there = set(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type) if field.name in there else _nothing(field.type, batch.num_rows)
        for field in RECEIVED
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(RECEIVED))


def _nothing(kind: pa.DataType, rows: int) -> Array:
    if pa.types.is_map(kind):
        none = pa.array([], pa.string())
        return map_of(np.zeros(rows + 1, np.int64), none, none)
    return pa.array(np.zeros(rows, np.uint32), kind)
