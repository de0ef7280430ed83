"""The shop's database, made ready before the services start."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from demo.database.connections import open_engine
from demo.database.seed import seed
from demo.launcher.failure import LaunchError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def seeded_database(url: str | None) -> Iterator[str]:
    """The URL of a database with the shop's data: the given one, or a SQLite file for the block only."""
    if url is not None:
        _seed(url)
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="shop-", ignore_cleanup_errors=True) as folder:
        temporary = f"sqlite:///{folder}/shop.db"
        _seed(temporary)
        yield temporary


def _seed(url: str) -> None:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LaunchError(f"not a database URL: {url!r} (try sqlite:////tmp/shop.db)") from None
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise LaunchError(f"{shown}: the shop runs on sqlite and postgresql+psycopg only")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise LaunchError(f"{shown}: the services share the database, so it must be a file")
    try:
        engine = open_engine(url, pool_size=1)
        seed(engine)
        engine.dispose()
    except (ModuleNotFoundError, NoSuchModuleError) as missing:
        raise LaunchError(f"{shown}: {missing}") from missing
    except DBAPIError as failure:
        reason = str(failure.orig).strip().splitlines()[0]
        raise LaunchError(f"{shown}: {reason}") from failure
