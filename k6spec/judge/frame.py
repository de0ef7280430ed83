"""A run's tables for notebooks: Arrow, and pandas or polars where they are installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import duckdb
import pyarrow as pa

from k6spec.errors import UsageError
from k6spec.query.database import Database

if TYPE_CHECKING:
    import pandas
    import polars

TABLES: Final = ("requests", "samples", "spans", "traces")
"""The documented tables: ``store/requests.py`` and ``store/spans.py`` name every column.

``requests``: a row per HTTP request. ``samples``: k6's other samples. ``spans``: all spans, k6's client spans
(``service = 'k6'``) included. ``traces``: a row per trace that a request began, with that request's context,
``client_ns`` (how long its client waited), ``spans``, ``received`` and ``complete``.
"""


@final
class Frame:
    """One table of a run; nothing is read before one of its forms is asked for."""

    __slots__ = ("_folder", "name")

    def __init__(self, folder: Path, name: str) -> None:
        if name not in TABLES:
            raise UsageError(f"frame({name!r}): a run's tables are {', '.join(TABLES)}")
        self._folder = folder
        self.name = name

    def to_arrow(self) -> pa.Table:
        """The table as Arrow has it. Times are Unix nanoseconds, lengths of time nanoseconds, ids bytes."""
        return query(self._folder, f"SELECT * FROM {self.name}", ())

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas data frame.

        Raises:
            UsageError: pandas is not installed.
        """
        table = self.to_arrow()
        try:
            return table.to_pandas()
        except ModuleNotFoundError as error:
            raise _not_installed("pandas", error) from None

    def to_polars(self) -> polars.DataFrame:
        """As a polars data frame.

        Raises:
            UsageError: polars is not installed.
        """
        try:
            import polars
        except ModuleNotFoundError as error:
            raise _not_installed("polars", error) from None
        frame = polars.from_arrow(self.to_arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def __repr__(self) -> str:
        return f"<Frame {self.name}>"


def query(folder: Path, sql: str, parameters: Sequence[object]) -> pa.Table:
    """The answer to a query over the documented tables, on a connection of its own: it can change nothing.

    Raises:
        UsageError: the query is wrong, or no query.
    """
    database = Database(folder, documented=True)
    try:
        if [statement.type for statement in duckdb.extract_statements(sql)] != [duckdb.StatementType.SELECT]:
            raise UsageError(f"run.sql({sql!r}): write one SELECT")
        return database.table(sql, parameters)
    except duckdb.Error as error:
        raise UsageError(f"run.sql(): {error}\n  a run's tables are {', '.join(TABLES)}") from None
    finally:
        database.close()


def _not_installed(package: str, error: ModuleNotFoundError) -> UsageError:
    if (error.name or package).partition(".")[0] != package:
        raise error
    return UsageError(f"{package} is not installed; install it (pip install {package}), or take .to_arrow()")
