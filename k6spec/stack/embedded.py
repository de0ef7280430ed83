"""The embedded stack: nothing but this package, k6spec's own receiver in a process of its own."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast, final

from k6spec.collect.feed import SpanFeed
from k6spec.collect.handshake import NO_PORT_EXIT, SPOOL_NAME, SPOOL_PREFIX
from k6spec.collect.spool import wipe
from k6spec.collect.spool_feed import SpoolFeed
from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints, Part, Record, Vantage
from k6spec.stack.holder import Holder, keep_programs
from k6spec.stack.program import HeldProgram, Program
from k6spec.stack.wait import log_tail

_START_SECONDS: Final = 20.0

_PACKAGE_ROOT: Final = str(Path(__file__).parents[2])
# As `python -m k6spec.collect.receiver`, wherever this package was imported from; with -P, so that a queue.py
# in the user's directory is not taken for the standard library's.
_RECEIVER: Final = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module('k6spec.collect.receiver', run_name='__main__', alter_sys=True)"
)


@final
class EmbeddedStack:
    """A :class:`~k6spec.stack.base.LastingStack` of one process.

    Args:
        host: the address to listen on. Loopback serves exporters of this host; for one in a container give an
            address of this host that the container can reach, or ``"0.0.0.0"``, which every network can reach.
        grpc_port, http_port: 0 takes any free one.
        spool_root: where the spool's directory is made, some 300 bytes a span; the temporary directory if None.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        grpc_port: int = 0,
        http_port: int = 0,
        spool_root: Path | None = None,
    ) -> None:
        self._host = "127.0.0.1" if host == "localhost" else host  # a name may stand for ::1 as well
        self._asked = (grpc_port, http_port)
        self._root = spool_root
        self._directory: Path | None = None
        self._program: Program | HeldProgram | None = None
        self._holder: Holder | None = None
        self._adopted: tuple[str, Mapping[str, object]] | None = None
        self._last_log = ""
        self._ports: dict[str, int] = {}
        self._open_feeds = 0

    @property
    def name(self) -> str:
        """``embedded``."""
        return "embedded"

    def start(self) -> None:
        """Starts the receiver and returns when both its ports take exports; one that runs is left alone.

        Raises:
            StackFault: it did not come up; with the log's tail.
        """
        if self._alive():
            return
        self.stop()  # what a dead receiver left
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        # The receiver makes it: if we are killed before it can, there is nothing to leave behind.
        self._directory = Path(self._root or tempfile.gettempdir()) / f"{SPOOL_PREFIX}{secrets.token_hex(8)}"
        grpc_port, http_port = self._asked
        self._program = program = Program(
            [
                *(sys.executable, "-P", "-c", _RECEIVER, _PACKAGE_ROOT),
                *("--spool", str(self._directory), "--wipe", "--host", self._host),
                *("--grpc-port", str(grpc_port), "--http-port", str(http_port)),
            ],
            # gRPC's own lines on a port in use would hide the one that says it in words.
            env={"GRPC_VERBOSITY": os.environ.get("GRPC_VERBOSITY", "NONE")},
            speaks=True,
        )
        assert program.line is not None
        try:
            program.wait_until(program.line, timeout=_START_SECONDS)
        except ChildProcessError:
            if program.exit_code == NO_PORT_EXIT:
                raise StackFault(
                    log_tail(self.logs(), 1), advice="end what listens there, or let k6spec take any free port: 0"
                ) from None
            raise self._died("k6spec's receiver did not start") from None
        except TimeoutError as error:
            raise self._died(f"k6spec's receiver did not start: {error}") from None
        self._ports = json.loads(program.line.line)

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        """Where spans are to be sent, as seen from ``vantage``.

        Raises:
            StackFault: the stack is not up, or listens where ``vantage`` cannot reach it.
        """
        if not self._ports:
            raise StackFault("the embedded stack is not up", advice="start() it first")
        host = self._address(vantage)
        return Endpoints(
            otlp_grpc=f"http://{host}:{self._ports['grpc']}", otlp_http=f"http://{host}:{self._ports['http']}"
        )

    def feed(self) -> SpanFeed:
        """A feed of the spans that arrive from now on; the spool is wiped when the last one is closed.

        Raises:
            StackFault: the stack is not up, or its receiver is dead.
        """
        if self._directory is None:
            raise StackFault("the embedded stack is not up", advice="start() it first")
        self._check()
        if not self._open_feeds:
            wipe(self._directory / SPOOL_NAME)  # spans that nobody waited for
        closed = partial(self._feed_closed, self._directory)
        feed = SpoolFeed(self._directory, check=self._check, on_close=closed)
        self._open_feeds += 1
        return feed

    def trace_url(self, trace_id: str, span_id: str | None = None) -> None:
        """None: traces are looked at in k6spec's own page."""

    def viewer(self) -> None:
        """None."""

    def logs(self) -> str:
        """What the receiver has logged so far, and after the end what it had."""
        if self._program is not None:
            self._last_log = self._program.logs()
        return self._last_log

    def stop(self) -> None:
        """Ends the receiver and removes the spool. Safe to call again."""
        self.logs()
        if self._holder is not None:
            self._holder.end()
        elif isinstance(self._program, Program):
            self._program.stop()
            self.logs()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self.forget()

    def keep(self, record: Record) -> None:
        """Makes the receiver last, held by a process of its own, and lets go of it.

        Raises:
            StackFault: it is not up, or cannot be kept.
        """
        self.endpoints()
        if self._adopted is not None:
            record(*self._adopted)
        else:
            keep_programs({"receiver": self.program}, record, found={"receiver": self.described()})
        self.forget()

    def adopt(self, stack: str, found: Mapping[str, object]) -> None:
        """Takes over a receiver that was kept."""
        self.take_over(found["receiver"], Holder(found))
        self._adopted = (stack, found)

    def parts(self) -> Sequence[Part]:
        """The receiver."""
        if self._program is None:
            return []
        return [Part(name="receiver", ailment=None if self._alive() else "it died", needed=True)]

    def ui(self) -> None:
        """None."""

    @property
    def program(self) -> Program:
        """The receiver that this process started; for stacks that have such a receiver among their programs."""
        assert isinstance(self._program, Program)
        return self._program

    def described(self) -> Mapping[str, object]:
        """What :meth:`take_over` needs, in plain values."""
        return {"spool": str(self._directory), "host": self._host, "ports": self._ports}

    def take_over(self, described: object, holder: Holder) -> None:
        """Takes over a receiver that is among the holder's programs."""
        found = cast("Mapping[str, Any]", described)
        self._program, self._holder = holder.programs["receiver"], holder
        self._directory, self._host = Path(found["spool"]), str(found["host"])
        self._ports = {name: int(found["ports"][name]) for name in ("grpc", "http")}

    def forget(self) -> None:
        """Leaves the receiver to whoever keeps it."""
        self._program = self._holder = self._directory = self._adopted = None
        self._ports = {}
        self._open_feeds = 0

    def _address(self, vantage: Vantage) -> str:
        listens = ipaddress.ip_address(self._host)
        if vantage == "host":
            if listens.is_unspecified:
                return "127.0.0.1" if listens.version == 4 else "[::1]"
        elif listens.is_loopback:
            raise StackFault(
                f"the embedded stack listens on {self._host} only: no {vantage} can reach it",
                advice='EmbeddedStack(host="0.0.0.0"), or an address of this host that it can reach; '
                "or use the docker stack",
            )
        elif listens.is_unspecified:
            if vantage == "container":
                return "host.docker.internal"  # on Linux with --add-host host.docker.internal:host-gateway
            raise StackFault(
                "the embedded stack listens on every address, and which one a cluster can reach is not known",
                advice="give that address: EmbeddedStack(host=…); or use the external stack",
            )
        return f"[{listens}]" if listens.version == 6 else str(listens)

    def _alive(self) -> bool:
        return self._program is not None and self._program.alive

    def _check(self) -> None:
        if not self._alive():
            raise self._died("k6spec's receiver died" if self._program else "the embedded stack was stopped")

    def _died(self, cause: str) -> StackFault:
        code = None if self._program is None else self._program.exit_code
        ending = "" if code is None else f" (exit code {code})"
        return StackFault(cause + ending, log_tail=log_tail(self.logs()), advice="see the log; run the load again")

    def _feed_closed(self, directory: Path) -> None:
        if directory != self._directory:
            return  # the stack was stopped before
        self._open_feeds -= 1
        if not self._open_feeds:
            wipe(directory / SPOOL_NAME)
