"""A run's tables, as DuckDB sees them.

Tables: ``requests``, ``samples``, ``spans`` (all of them, k6's client spans included) and ``traces``: a row
for each trace that a request began, with the request's context (scenario, stage, planned VUs …), which
``.during()`` and its siblings carry over to all of the trace's spans.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast, final

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from k6spec.query.derived import Reach
from k6spec.query.placement import place
from k6spec.store.archive import TRACES, RunFolder, columns_of, schema_of
from k6spec.store.by_key import BY_KEY, from_copies, keys_in
from k6spec.store.engine import connect
from k6spec.store.requests import REQUESTS, SAMPLES
from k6spec.store.spans import CLIENT_SERVICE, PLACED
from k6spec.store.spans import SCHEMA as SPANS

T = TypeVar("T")
_SCHEMAS: Final = {"requests": REQUESTS, "samples": SAMPLES, "spans": SPANS}
_TYPES: Final = {
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
}
_TABLES: Final = {"requests": "requests.parquet", "samples": "metrics.parquet", "spans": "spans.parquet"}

# The first of a trace's requests is the least of these numbers, which keeps a few bytes for each trace; a window
# over the requests would keep them all in memory.
_IDS: Final = 1 << 40
_BEGUN: Final = f"coalesce(start_ns, {(1 << 63) - 1}) * {_IDS}::HUGEINT + request_id"

# A trace is received when any span of the system came. It is complete when its entry span came (the one whose
# parent is a client span), no span's parent is missing and no backend said that it gave a part only. A redirect
# chain is one trace: its first hop leads. So does the first request of a journey, a trace of several requests:
# there each must have its entry span, but for those of operations that never have one.
_TRACES: Final = f"""
WITH chain AS (
    SELECT trace_id, sum(total_ns)::BIGINT AS client_ns, min(request_id) AS first,
           (min({_BEGUN}) % {_IDS})::BIGINT AS lead
    FROM requests WHERE trace_id IS NOT NULL GROUP BY trace_id
),
counted AS (SELECT first, (row_number() OVER (ORDER BY first) - 1)::INTEGER AS trace_no FROM chain),
seen AS (
    SELECT s.trace_no, count(*) AS spans,
           bool_or(s.parent_node IN (SELECT node FROM spans WHERE service = '{CLIENT_SERVICE}')) AS entry,
           count(*) FILTER (WHERE s.parent_node >= (SELECT count(*) FROM spans)) AS orphans
    FROM spans s WHERE s.service <> '{CLIENT_SERVICE}' GROUP BY s.trace_no
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
       seen.trace_no IS NOT NULL AS received,
       coalesce(seen.entry AND seen.orphans = 0, false) AND cut.trace_id IS NULL AND gaps.trace_id IS NULL
           AS complete,
       counted.trace_no
FROM requests led
JOIN chain ON chain.lead = led.request_id
JOIN counted USING (first)
LEFT JOIN seen ON seen.trace_no = counted.trace_no
LEFT JOIN truncated cut ON cut.trace_id = led.trace_id
LEFT JOIN gaps ON gaps.trace_id = led.trace_id
ORDER BY counted.trace_no
"""
_TRUNCATED: Final = "CREATE TEMP TABLE truncated AS SELECT unhex(unnest(?::VARCHAR[])) AS trace_id"
_ARCHIVED: Final = "CREATE OR REPLACE VIEW traces AS SELECT * FROM read_parquet('{}')"
_MEMORY: Final = "256MB"
"""For all that is asked of a run while it is archived."""
_BATCH: Final = 1 << 16
_MOST_OPEN: Final = 24
"""Other runs whose tables stay open: both versions' of twelve rounds."""


@final
class Database:
    """The tables of the run in ``folder``; opened at first use.

    Args:
        archiving: the run is just being archived, and may be a long one: what takes much memory is left in its
            folder meanwhile, and ``traces`` is worked out anew by each query until it is written.
        documented: its columns are those that are documented, and no copies of them.
        uninstrumented_from: requests, or calls, of one kind of which none was answered by a span, from which on it
            is one that gives none.
    """

    __slots__ = ("_archiving", "_connection", "_documented", "_kept", "_others", "folder", "uninstrumented_from")

    def __init__(
        self,
        folder: Path,
        *,
        archiving: bool = False,
        documented: bool = False,
        uninstrumented_from: int = 10,
    ) -> None:
        self.folder = folder
        self.uninstrumented_from = uninstrumented_from
        self._archiving = archiving
        self._documented = documented
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._kept: dict[Hashable, Any] = {}
        self._others: dict[Path, tuple[duckdb.DuckDBPyConnection | None, dict[Hashable, Any]]] = {}

    def table(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The answer to a query, as an Arrow table."""
        answer = self._open().sql(self._quick(sql), params=self._ready(parameters))
        return cast("pa.Table", answer.to_arrow_table())

    def batches(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        """The answer to a query, a part at a time: what is larger than memory is left on disk meanwhile."""
        answer = self._open().sql(self._quick(sql), params=self._ready(parameters))
        yield from answer.to_arrow_reader(_BATCH)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer to a query, as tuples."""
        return self._open().execute(self._quick(sql), self._ready(parameters)).fetchall()

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The one value of a query's only row."""
        return self.rows(sql, parameters)[0][0]

    def column(self, sql: str, parameters: Sequence[object] = ()) -> NDArray[np.float64]:
        """The answer's only column as floats."""
        column = self.table(sql, parameters).column(0)
        return column.to_numpy().astype(np.float64, copy=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for the key, made now if it never was: an archive doesn't change."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast("T", self._kept[key])

    def latest(self, place: str, key: object, make: Callable[[], T]) -> T:
        """What stands in the place if it was made for the key; else it is made, and what stood there is let go."""
        if self._kept.get(place, (None,))[0] != key:
            self._kept.pop(place, None)
            self._kept[place] = key, make()
        return cast("T", self._kept[place][1])

    def keep(self, name: str, sql: str, parameters: Sequence[object]) -> None:
        """Makes a table of the answer to a query, in place of the last one of that name, if that is another."""
        made = f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}"
        self.latest(name, (sql, parameters), lambda: self.rows(made, parameters))

    def write_traces(self) -> None:
        """Archives the table of traces: what is missing can be told once all has been received."""
        target = self.folder / TRACES
        target.unlink(missing_ok=True)
        connection = self._open()
        connection.execute(f"COPY traces TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)")
        connection.execute(_ARCHIVED.format(_quoted(target)))
        self.forget()

    @property
    def sampled(self) -> bool:
        """Whether something on the way kept a part of the traces only."""
        return bool(self._info.get("ledger", {}).get("tier") == "sampled")

    @property
    def read_back(self) -> bool:
        """Whether the spans were asked of a backend, each trace by its id."""
        return bool(self._info.get("ledger", {}).get("tier") == "by-id")

    @property
    def spans_dropped(self) -> int:
        """Spans that SDKs, Collector and receiver say they lost, of whatever trace."""
        return int(self._info.get("ledger", {}).get("spans_dropped", 0))

    @property
    def spans_foreign(self) -> int:
        """Spans that came meanwhile and belong to no request of the load."""
        return int(self._info.get("ledger", {}).get("spans_foreign", 0))

    @property
    def base_url(self) -> str:
        """Where the system under test answered; empty if the archive does not say."""
        return str(self._info.get("environment", {}).get("base_url", ""))

    @property
    def sut_on_telemetry(self) -> list[str]:
        """Where no span came, lines of the system's log about that."""
        return list(self._info.get("sut_on_telemetry", []))

    @contextmanager
    def elsewhere(self, folder: Path) -> Iterator[None]:
        """Meanwhile these are the tables of another run, so that what was asked of this one can be asked of it.

        They stay open: a claim against a base version asks all rounds, and so does the next.
        """
        mine = self.folder, self._connection, self._kept
        self.folder, (self._connection, self._kept) = folder, self._others.pop(folder, (None, {}))
        try:
            yield
        finally:
            self._others[folder] = self._connection, self._kept
            self.folder, self._connection, self._kept = mine
            if len(self._others) > _MOST_OPEN:
                _close(self._others.pop(next(iter(self._others)))[0])

    def forget(self) -> None:
        """Lets go of all that was made by :meth:`once`; the tables stay open."""
        for kept in (self._kept, *(theirs for _connection, theirs in self._others.values())):
            kept.clear()

    def close(self) -> None:
        """Closes the connections; a later query opens them again."""
        for connection, _kept in self._others.values():
            _close(connection)
        self._others.clear()
        if self._connection is not None:
            _close(self._connection)
            self._connection = None
            self._kept.clear()

    @property
    def _info(self) -> dict[str, Any]:
        return RunFolder(self.folder).info()

    def _quick(self, sql: str) -> str:
        """A query that reads no whole map where there is a copy of what it asks for."""
        if self._documented:
            return sql
        return from_copies(sql, self.once("keys", lambda: keys_in(schema_of(self.folder / _TABLES["spans"]))))

    def _ready(self, parameters: Sequence[object]) -> list[object]:
        """The parameters of a query, with the sets that it needs made."""
        return [
            self.once(parameter, partial(parameter.bits, self)) if isinstance(parameter, Reach) else parameter
            for parameter in parameters
        ]

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            connection = connect(memory=_MEMORY, spill=self.folder / "spilled") if self._archiving else connect()
            for name, file in _TABLES.items():
                connection.execute(_view(connection, name, self.folder / file, documented=self._documented))
            connection.execute(_TRUNCATED, [self._info.get("truncated_traces", [])])
            archived = self.folder / TRACES
            # An older archive knows less of its traces, or nothing.
            if archived.exists() and columns_of(archived) == connection.sql(_TRACES).columns:
                connection.execute(_ARCHIVED.format(_quoted(archived)))
            else:
                kind = "VIEW" if self._archiving else "TEMP TABLE"
                connection.execute(f"CREATE {kind} traces AS {_TRACES}")
            self._connection = connection
        return self._connection


def _close(connection: duckdb.DuckDBPyConnection | None) -> None:
    if connection is not None:
        connection.close()


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path, *, documented: bool) -> str:
    """SQL for a view of a file; columns that it was archived without, for being older than they are, are null.

    Where each span stands is worked out anew if the file doesn't say it all.
    """
    there = [column for column in columns_of(path) if not documented or column not in BY_KEY.values()]
    absent = "".join(
        f', CAST(NULL AS {_TYPES[field.type]}) AS "{field.name}"'
        for field in _SCHEMAS[name]
        if field.name not in there
    )
    file = f"read_parquet('{_quoted(path)}')"
    if name != "spans" or set(PLACED.names) <= set(there):
        columns = ", ".join(f'"{column}"' for column in there)
        return f"CREATE VIEW {name} AS SELECT {columns}{absent} FROM {file}"
    places = place(path.parent)
    connection.register("placed", places.append_column("row", pa.array(np.arange(places.num_rows))))
    connection.execute("CREATE TEMP TABLE places AS FROM placed")
    connection.unregister("placed")
    columns = ", ".join(f'f."{name}"' for name in there if name not in PLACED.names)
    stand = ", ".join(f"p.{name}" for name in PLACED.names)
    numbered = f"read_parquet('{_quoted(path)}', file_row_number = true)"
    return f"""CREATE VIEW {name} AS SELECT {columns}{absent}, {stand}
        FROM {numbered} f JOIN places p ON p.row = f.file_row_number"""


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
