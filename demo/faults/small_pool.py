"""The orders service has a single database connection, and a checkout keeps it."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.faults.active import is_on
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

HOLD_S = 0.1

FAULT = Fault(
    name="small_pool",
    cause="The connection pool of orders has one connection, which a checkout keeps until it has finished.",
    service="orders",
    span="connect",
)


@dataclass(frozen=True)
class Pools:
    """The usual pool of the orders service and its replacement under the fault."""

    usual: Engine
    single: Engine

    @property
    def engine(self) -> Engine:
        """The engine whose pool is in use now."""
        return self.single if is_on(FAULT) else self.usual


@contextmanager
def checkout_connections(engine: Engine) -> Iterator[Callable[[], AbstractContextManager[Connection]]]:
    """How a checkout gets its connections: a short one each time, or one kept to the very end."""
    if not is_on(FAULT):
        yield engine.connect
        return
    with engine.connect() as kept:
        yield lambda: nullcontext(kept)
        time.sleep(HOLD_S)
