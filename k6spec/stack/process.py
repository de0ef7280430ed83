"""The process stack: a Collector and Jaeger as programs of this host, without containers.

The Collector hands the judged spans on to k6spec's own receiver, and to Jaeger for people to look at. All listen
on 127.0.0.1 only, and end with this process, however it ends, unless they are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, cast, final

from k6spec.collect.feed import SpanFeed
from k6spec.collect.jaeger_link import jaeger_link
from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints, Part, Record, Vantage
from k6spec.stack.collector_config import OLDEST, CollectorConfig, ToReceiver
from k6spec.stack.collector_counters import CollectorCounts, read_counts
from k6spec.stack.collector_feed import CollectorFeed
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.holder import Holder, keep_programs
from k6spec.stack.jaeger_config import ENVIRONMENT as JAEGER_ENV
from k6spec.stack.jaeger_config import MAX_TRACES, JaegerConfig
from k6spec.stack.ports import free_ports
from k6spec.stack.program import HeldProgram, Program
from k6spec.stack.wait import HttpReady, log_tail

OTELCOL_NAMES: Final = ("otelcol", "otelcol-contrib")
JAEGER_NAMES: Final = ("jaeger",)

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0
_ATTEMPTS: Final = 3
_IN_USE: Final = "address already in use"


@final
class ProcessStack:
    """A :class:`~k6spec.stack.base.LastingStack` of three processes.

    Args:
        otelcol: path of the Collector; None looks on PATH for ``otelcol`` and ``otelcol-contrib``.
        jaeger: path of Jaeger 2; None looks on PATH for ``jaeger``.
        with_jaeger: whether there is a Jaeger at all.
        live: whether the Collector feeds it.
        grpc_port, http_port: the Collector's, where systems export to; 0 takes any free one.
        jaeger_port: of Jaeger's UI; 0 takes any free one.
        max_traces: how many traces Jaeger keeps.
        spool_root: where the receiver's spool is made; the temporary directory if None.
    """

    def __init__(
        self,
        *,
        otelcol: str | None = None,
        jaeger: str | None = None,
        with_jaeger: bool = True,
        live: bool = True,
        grpc_port: int = 0,
        http_port: int = 0,
        jaeger_port: int = 0,
        max_traces: int = MAX_TRACES,
        spool_root: Path | None = None,
    ) -> None:
        self._binaries = (otelcol, jaeger)
        self._with_jaeger = with_jaeger
        self._live = live
        self._asked = (grpc_port, http_port, jaeger_port)
        self._max_traces = max_traces
        self._receiver = EmbeddedStack(spool_root=spool_root)
        self._collector: Program | HeldProgram | None = None
        self._jaeger: Program | HeldProgram | None = None
        self._holder: Holder | None = None
        self._adopted: tuple[str, Mapping[str, object]] | None = None
        self._endpoints: Endpoints | None = None
        self._health: Mapping[str, str] = {}
        self._metrics_url = ""
        self._ui = ""
        self._viewer = ""
        self._last_logs = ""

    @property
    def name(self) -> str:
        """``process``."""
        return "process"

    def start(self) -> None:
        """Starts the programs and returns when all take spans; ones that run are left alone.

        Raises:
            StackFault: a binary is missing, a port is taken, or a program did not come up; with its log's tail.
        """
        if self._collector is not None and self._collector.alive:
            return
        self.stop()  # what a dead Collector left running
        try:
            otelcol = find_program(self._binaries[0], OTELCOL_NAMES, setting="otelcol")
            jaeger = find_program(self._binaries[1], JAEGER_NAMES, setting="jaeger") if self._with_jaeger else None
            # A port is chosen here and bound by the program a little later: somebody may have come between.
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._start(otelcol, jaeger)
                    return
                except StackFault as fault:
                    if attempt == _ATTEMPTS or _IN_USE not in fault.log_tail:
                        raise
                    self._end_programs()
        except BaseException:
            self.stop()
            raise

    def _start(self, otelcol: str, jaeger: str | None) -> None:
        grpc, http, ui, health, metrics, jaeger_otlp, jaeger_health, query = free_ports([*self._asked, *[0] * 5])
        if jaeger is not None:
            config = JaegerConfig(
                host=_HOST,
                ui_port=ui,
                query_port=query,
                otlp_port=jaeger_otlp,
                health_port=jaeger_health,
                max_traces=self._max_traces,
            )
            self._jaeger = showing = _program(jaeger, config.as_yaml(), JAEGER_ENV)
        self._receiver.start()
        to_receiver = ToReceiver(endpoint=self._receiver.endpoints().otlp_grpc.removeprefix("http://"))
        collector = CollectorConfig(
            host=_HOST,
            judged=to_receiver,
            jaeger=f"{_HOST}:{jaeger_otlp}" if jaeger is not None and self._live else None,
            grpc_port=grpc,
            http_port=http,
            health_port=health,
            metrics_port=metrics,
        )
        self._collector = collecting = _program(otelcol, collector.as_yaml())
        self._health = {
            "collector": f"http://{_HOST}:{health}/",
            "jaeger": f"http://{_HOST}:{jaeger_health}/status",
        }
        _wait_until_up("the Collector", collecting, self._health["collector"])
        if jaeger is not None:
            _wait_until_up("Jaeger", showing, self._health["jaeger"])
            self._ui = f"http://{_HOST}:{ui}"
            self._viewer = f"http://{_HOST}:{jaeger_otlp}"
        self._metrics_url = f"http://{_HOST}:{metrics}/metrics"
        self._endpoints = Endpoints(otlp_grpc=f"http://{_HOST}:{grpc}", otlp_http=f"http://{_HOST}:{http}")

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        """The Collector's, for exporters of this host.

        Raises:
            StackFault: the stack is not up, or ``vantage`` cannot reach loopback.
        """
        if self._endpoints is None:
            raise StackFault("the process stack is not up", advice="start() it first")
        if vantage != "host":
            raise StackFault(
                f"the process stack listens on {_HOST} only: no {vantage} can reach it",
                advice="use the docker stack",
            )
        return self._endpoints

    def feed(self) -> SpanFeed:
        """A feed of the spans that pass the Collector from now on.

        Raises:
            StackFault: the stack is not up, or the Collector or the receiver is dead.
        """
        self.endpoints()
        return CollectorFeed(self._receiver.feed(), self._counts, check=self._check)

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The trace in Jaeger's UI; None without a Jaeger, or where it is dead: it keeps traces in memory."""
        ui = self.ui()
        return None if ui is None else jaeger_link(ui, trace_id, span_id)

    def ui(self) -> str | None:
        """Jaeger's; None without one, or where it is dead."""
        if self._jaeger is None or not self._jaeger.alive:
            return None
        return self._ui

    def viewer(self) -> str | None:
        """Jaeger; None without one, or where it is dead."""
        if self._jaeger is None or not self._jaeger.alive:
            return None
        return self._viewer

    def logs(self) -> str:
        """What Collector, Jaeger and receiver have logged so far, and after the end what they had."""
        parts = [f"[{name}]\n{program.logs()}" for name, program in self._programs().items()]
        if parts:
            self._last_logs = "\n".join([*parts, f"[receiver]\n{self._receiver.logs()}"])
        return self._last_logs

    def stop(self) -> None:
        """Ends all three and removes the spool. Safe to call again."""
        self.logs()
        self._end_programs()
        self._receiver.stop()
        self._forget()

    def keep(self, record: Record) -> None:
        """Makes all three last, held by a process of their own, and lets go of them.

        Raises:
            StackFault: the stack is not up, or cannot be kept.
        """
        endpoints = self.endpoints()
        if self._adopted is not None:
            record(*self._adopted)
        else:
            found = {
                "receiver": self._receiver.described(),
                "endpoints": asdict(endpoints),
                "health": self._health,
                "metrics": self._metrics_url,
                "ui": self._ui,
                "viewer": self._viewer,
            }
            own = {name: program for name, program in self._programs().items() if isinstance(program, Program)}
            keep_programs({**own, "receiver": self._receiver.program}, record, found=found)
        self._receiver.forget()
        self._forget()

    def adopt(self, stack: str, found: Mapping[str, object]) -> None:
        """Takes over programs that were kept."""
        told = cast("Mapping[str, Any]", found)
        holder = Holder(found)
        self._receiver.take_over(found["receiver"], holder)
        self._collector, self._jaeger = holder.programs["collector"], holder.programs.get("jaeger")
        self._health = {name: str(url) for name, url in told["health"].items()}
        self._metrics_url, self._ui, self._viewer = (str(told[name]) for name in ("metrics", "ui", "viewer"))
        self._endpoints = Endpoints(**told["endpoints"])
        self._holder, self._adopted = holder, (stack, found)

    def parts(self) -> Sequence[Part]:
        """Collector, receiver, and Jaeger if there is one."""
        own = [
            Part(name=name, ailment=self._ailment(name, program), needed=name == "collector")
            for name, program in self._programs().items()
        ]
        return [*own, *self._receiver.parts()]

    def _programs(self) -> Mapping[str, Program | HeldProgram]:
        programs = {"collector": self._collector, "jaeger": self._jaeger}
        return {name: program for name, program in programs.items() if program is not None}

    def _ailment(self, name: str, program: Program | HeldProgram) -> str | None:
        if not program.alive:
            return "it died"
        answers = HttpReady(self._health[name])
        return None if answers.ready() else f"it does not answer: waited for {answers}"

    def _end_programs(self) -> None:
        if self._holder is not None:
            self._holder.end()
        for program in self._programs().values():
            if isinstance(program, Program):
                program.stop()
        self._collector = self._jaeger = None

    def _forget(self) -> None:
        self._collector = self._jaeger = self._holder = self._adopted = self._endpoints = None

    def _check(self) -> None:
        if self._collector is None:
            raise StackFault("the process stack was stopped", advice="start() it again; run the load again")
        if not self._collector.alive:
            raise _ended("the Collector died", self._collector)

    def _counts(self) -> CollectorCounts:
        self._check()
        return read_counts(self._metrics_url)


def find_program(asked: str | None, names: Sequence[str], *, setting: str) -> str:
    """The path of a program: the one asked for, or the first of ``names`` on PATH.

    Raises:
        StackFault: there is none; says which setting names one.
    """
    for name in [asked] if asked else names:
        if path := shutil.which(name):
            return path
    if asked:
        raise StackFault(f"{setting} = {asked!r}: there is no such program", advice="give its path")
    raise StackFault(
        f"there is no {' or '.join(names)} on PATH",
        advice=f"install it, or give its path: {setting} in [tool.k6spec]; or use the embedded stack, "
        "which needs nothing",
    )


def _program(path: str, config: str, more: Mapping[str, str] | None = None) -> Program:
    # By the environment: a file would outlive a session that is killed. The grace is short, for nobody needs what
    # they hold by then, and Jaeger takes 5 s to end once its UI was asked for anything.
    env = {"K6SPEC_PROGRAM_CONFIG": config, **(more or {})}
    return Program([path, "--config=env:K6SPEC_PROGRAM_CONFIG"], env=env, grace=0.5)


def _wait_until_up(what: str, program: Program, url: str) -> None:
    try:
        program.wait_until(HttpReady(url), timeout=_START_SECONDS)
    except ChildProcessError:
        raise _ended(f"{what} did not start", program) from None
    except TimeoutError as error:
        raise StackFault(
            f"{what} did not start: {error}", log_tail=log_tail(program.logs()), advice="see the log"
        ) from None


def _ended(cause: str, program: Program | HeldProgram) -> StackFault:
    ending = "" if program.exit_code is None else f" (exit code {program.exit_code})"
    log = log_tail(program.logs())
    look = "see the log" if log else "it logged nothing: look whether it is the right program"
    return StackFault(
        cause + ending,
        log_tail=log,
        advice=f"{look}; a Collector must be {OLDEST} or newer, Jaeger 2.0",
    )
