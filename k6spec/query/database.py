"""A run's tables, as DuckDB sees them.

Tables: ``requests``, ``samples``, ``spans`` (all of them, k6's client spans included) and ``traces``: a row
for each trace that a request began, with the request's context (scenario, stage, planned VUs …), which
``.during()`` and its siblings carry over to all of the trace's spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast, final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from k6spec.store.archive import RunFolder
from k6spec.store.requests import REQUESTS, SAMPLES
from k6spec.store.spans import CLIENT_SERVICE
from k6spec.store.spans import SCHEMA as SPANS

_SCHEMAS: Final = {"requests": REQUESTS, "samples": SAMPLES, "spans": SPANS}
_TYPES: Final = {
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
}
_TABLES: Final = {"requests": "requests.parquet", "samples": "metrics.parquet", "spans": "spans.parquet"}

# A trace is received when any span of the system came. It is complete when its entry span came (the one whose
# parent is a client span), no span's parent is missing and no backend said that it gave a part only. A redirect
# chain is one trace: its first hop leads. So does the first request of a journey, a trace of several requests:
# there each must have its entry span, but for those of operations that never have one.
_TRACES: Final = f"""
CREATE TEMP TABLE traces AS
WITH led AS (
    SELECT r.*, row_number() OVER (PARTITION BY r.trace_id ORDER BY r.start_ns, r.request_id) AS place
    FROM requests r
    WHERE r.trace_id IS NOT NULL
),
chain AS (SELECT trace_id, sum(total_ns) AS client_ns FROM led GROUP BY trace_id),
seen AS (
    SELECT s.trace_id,
           count(*) AS spans,
           bool_or(p.service = '{CLIENT_SERVICE}') AS entry,
           count(*) FILTER (WHERE s.parent_span_id IS NOT NULL AND p.span_id IS NULL) AS orphans
    FROM spans s
    LEFT JOIN spans p ON p.trace_id = s.trace_id AND p.span_id = s.parent_span_id
    WHERE s.service <> '{CLIENT_SERVICE}'
    GROUP BY s.trace_id
),
steps AS (
    SELECT r.trace_id, r.operation, EXISTS (
        SELECT 1 FROM spans s WHERE s.trace_id = r.trace_id AND s.parent_span_id = r.span_id
        AND s.service <> '{CLIENT_SERVICE}') AS entered
    FROM requests r WHERE r.journey IS NOT NULL AND r.trace_id IS NOT NULL
),
gaps AS (
    SELECT DISTINCT trace_id FROM steps WHERE NOT entered
    AND operation IN (SELECT operation FROM steps GROUP BY operation HAVING bool_or(entered))
)
SELECT led.request_id, led.trace_id, led.span_id, led.scenario, led."group", led.name, led.operation, led.vu,
       led.iteration, led.status, led.failed, led.sampled, led.start_ns, led.elapsed_ns, led.stage,
       led.planned_vus, led.planned_rate, led.active_vus, led.warmup, chain.client_ns,
       coalesce(seen.spans, 0) AS spans,
       seen.trace_id IS NOT NULL AS received,
       coalesce(seen.entry AND seen.orphans = 0, false) AND cut.trace_id IS NULL AND gaps.trace_id IS NULL
           AS complete
FROM led
JOIN chain USING (trace_id)
LEFT JOIN seen USING (trace_id)
LEFT JOIN truncated cut USING (trace_id)
LEFT JOIN gaps USING (trace_id)
WHERE led.place = 1
"""


_TRUNCATED: Final = "CREATE TEMP TABLE truncated AS SELECT unhex(unnest(?::VARCHAR[])) AS trace_id"


@final
class Database:
    """The tables of the run in ``folder``; opened at first use."""

    __slots__ = ("_connection", "folder")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connection: duckdb.DuckDBPyConnection | None = None

    def table(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The answer to a query, as an Arrow table."""
        return cast("pa.Table", self._open().sql(sql, params=list(parameters)).to_arrow_table())

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer to a query, as tuples."""
        return self._open().execute(sql, list(parameters)).fetchall()

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The one value of a query's only row."""
        return self.rows(sql, parameters)[0][0]

    def column(self, sql: str, parameters: Sequence[object] = ()) -> NDArray[np.float64]:
        """The answer's only column as floats."""
        column = self.table(sql, parameters).column(0)
        return column.to_numpy().astype(np.float64, copy=False)

    @property
    def sampled(self) -> bool:
        """Whether something on the way kept a part of the traces only."""
        return bool(self._info.get("ledger", {}).get("tier") == "sampled")

    @property
    def spans_dropped(self) -> int:
        """Spans that SDKs, Collector and receiver say they lost, of whatever trace."""
        return int(self._info.get("ledger", {}).get("spans_dropped", 0))

    def close(self) -> None:
        """Closes the connection; a later query opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _info(self) -> dict[str, Any]:
        return RunFolder(self.folder).info()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            connection = duckdb.connect(":memory:")
            for name, file in _TABLES.items():
                connection.execute(_view(name, self.folder / file))
            connection.execute(_TRUNCATED, [self._info.get("truncated_traces", [])])
            connection.execute(_TRACES)
            self._connection = connection
        return self._connection


def _view(name: str, path: Path) -> str:
    """SQL for a view of a file; columns that it was archived without, for being older than they are, are null."""
    schema = _SCHEMAS[name]
    there = pq.read_schema(path).names
    absent = "".join(
        f', CAST(NULL AS {_TYPES[field.type]}) AS "{field.name}"' for field in schema if field.name not in there
    )
    quoted = str(path).replace("'", "''")
    return f"CREATE VIEW {name} AS SELECT *{absent} FROM read_parquet('{quoted}')"
