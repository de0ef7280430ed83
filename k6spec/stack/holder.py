"""Programs that outlive the process that started them: kept alive by a small process of their own, the holder.

Every program of ours ends when its lifeline closes (:mod:`k6spec.child`). To keep some, a holder is started that
inherits their lifelines, and then we close ours. Until it is told to stay it ends with us, however we end: a
stack is kept whole or not at all. To end them, the holder is ended.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast, final

from k6spec.child import disown
from k6spec.environment import bare_environment
from k6spec.errors import StackFault
from k6spec.process import Process, process_begun
from k6spec.stack.base import Record
from k6spec.stack.program import HeldProgram, Program
from k6spec.stack.wait import LineOnStdout, wait_for

_HOLDER: Final = str(Path(__file__).with_name("_holder.py"))
_START_SECONDS: Final = 20.0
_END_SECONDS: Final = 20.0
_PAUSE: Final = 0.02


def keep_programs(programs: Mapping[str, Program], record: Record, *, found: Mapping[str, object]) -> None:
    """Keeps programs alive after us, and lets go of them.

    Args:
        record: see :meth:`k6spec.stack.base.LastingStack.keep`.
        found: what is to be recorded beside what :class:`Holder` needs.

    Raises:
        StackFault: they cannot be kept; they are ours as before.
    """
    holding = _Holding(programs)
    try:
        stack = secrets.token_hex(4)
        holding.stay(record(stack, {**found, **holding.found}), stack)
    except BaseException:
        holding.give_up()
        raise
    for program in programs.values():
        program.let_go()


@final
class _Holding:
    """A holder that has yet to be told to stay."""

    def __init__(self, programs: Mapping[str, Program]) -> None:
        lifelines = [program.lifeline for program in programs.values()]
        logs = {name: program.log for name, program in programs.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", _HOLDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare_environment(os.environ),
            pass_fds=[*lifelines, *logs.values()],
            cwd="/",
            start_new_session=True,
        )
        try:
            assert self._process.stdout is not None
            wait_for(
                LineOnStdout(self._process.stdout),
                timeout=_START_SECONDS,
                alive=lambda: self._process.poll() is None,
            )
            begun = {name: process_begun(program.pid) for name, program in programs.items()}
            self.found: Mapping[str, object] = {
                "holder": [self._process.pid, process_begun(self._process.pid)],
                "programs": {name: [programs[name].pid, begun[name], logs[name]] for name in programs},
            }
            """What :class:`Holder` needs, in plain values."""
        except OSError as error:
            self.give_up()
            raise StackFault(f"the stack cannot be kept: its holder did not start: {error}") from error
        except BaseException:
            self.give_up()
            raise

    def stay(self, file: Path, text: str) -> None:
        """Makes it last: until it is ended, or ``file`` no longer holds ``text``.

        Raises:
            StackFault: the holder is gone.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(os.fsencode(f"{file.absolute()}\n{text}\n"))
            self._process.stdin.close()
        except OSError as error:
            raise StackFault(f"the stack cannot be kept: its holder is gone: {error}") from error
        if self._process.stdout is not None:
            self._process.stdout.close()
        disown(self._process)

    def give_up(self) -> None:
        """Ends the holder; the programs are ours alone again."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


@final
class Holder:
    """The holder of a stack that was kept, and the stack's programs.

    Args:
        found: what :func:`keep_programs` recorded.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """

    def __init__(self, found: Mapping[str, object]) -> None:
        self._process = _process(found["holder"])
        self.programs: Mapping[str, HeldProgram] = {
            name: HeldProgram(_process(part[:2]), holder=self._process, log=int(part[2]))
            for name, part in cast("Mapping[str, Any]", found["programs"]).items()
        }

    def end(self) -> None:
        """Ends it, and returns when all programs have ended. Safe to call again.

        Raises:
            StackFault: a program did not end in time.
        """
        for program in self.programs.values():
            program.logs()
        if self._process.alive:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        while left := [name for name, program in self.programs.items() if program.alive]:
            if time.monotonic() >= deadline:
                pids = ", ".join(str(self.programs[name].pid) for name in left)
                raise StackFault(
                    f"{' and '.join(left)} did not end in {_END_SECONDS:.0f} s", advice=f"kill {pids}"
                )
            time.sleep(_PAUSE)


def _process(pair: Any) -> Process:
    pid, begun = pair
    return Process(pid=int(pid), begun=str(begun))
