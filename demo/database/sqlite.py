"""What SQLite needs to serve two processes with many threads each."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BEGIN = "BEGIN IMMEDIATE"
LOCK_TIMEOUT_S = 30

_TURN = "turn to write"


def prepare(engine: Engine) -> None:
    """Set up every connection of the engine, and let its writers take turns."""
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "before_cursor_execute", _take_turn)


def end_turn(connection: Connection) -> None:
    """Let the next writer begin."""
    if turn := connection.info.pop(_TURN, None):
        turn.close()


def _set_up(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # begin only where the code says so, not where the driver thinks so
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.create_function("pg_sleep", 1, _sleep)


def _take_turn(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """Queue for the lock of a file before SQLite's own: SQLite polls, and may let a writer starve.

    This runs within the span of the BEGIN, which therefore shows the wait.
    """
    if statement == BEGIN:
        turn = Path(f"{connection.engine.url.database}-turn").open("w")  # noqa: SIM115
        connection.info[_TURN] = turn
        fcntl.flock(turn, fcntl.LOCK_EX)


def _sleep(seconds: float) -> None:
    time.sleep(seconds)
