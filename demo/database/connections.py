"""Engines and transactions over SQLite or PostgreSQL."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from opentelemetry.instrumentation.utils import suppress_instrumentation
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from demo.database import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

POOL_SIZE = 24
POOL_TIMEOUT_S = 30


def open_engine(url: str, *, pool_size: int = POOL_SIZE) -> Engine:
    """An engine over a pool of `pool_size` connections, all of them opened now and not by requests."""
    on_sqlite = url.startswith("sqlite")
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"timeout": sqlite.LOCK_TIMEOUT_S} if on_sqlite else {},
    )
    if on_sqlite:
        sqlite.prepare(engine)
    with suppress_instrumentation(), ExitStack() as opened:
        for _ in range(pool_size):
            opened.enter_context(engine.connect())
    return engine


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit what the block writes, or roll it back; SQLite takes its one write lock at the start."""
    try:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(sqlite.BEGIN)
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        sqlite.end_turn(connection)
