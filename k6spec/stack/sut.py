"""Systems under test: how one is started, told where to export its spans, and ended."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from ssl import SSLError
from typing import IO, Final, Protocol, final, runtime_checkable

from k6spec.child import Child
from k6spec.collect.plain_http import UNANSWERED, ask
from k6spec.collect.redact_text import shown_address
from k6spec.environment import Environment
from k6spec.errors import SutFault, UsageError
from k6spec.stack.base import StackBackend
from k6spec.stack.otlp_env import BATCH_DELAY, otlp_env
from k6spec.stack.sut_arguments import checked_env, checked_path, checked_timeout
from k6spec.stack.wait import HttpReady, WaitStrategy, log_tail, wait_for
from k6spec.units import Duration, seconds

_SDK_DEFAULT_DELAY: Final = seconds(5)
_TAIL: Final = 30
_LOG_END: Final = 2 << 20
_RESET_SECONDS: Final = 30


class Sut(Protocol):
    """A system under test. k6spec starts it before the first load that needs it and ends it with the session."""

    @property
    def base_url(self) -> str:
        """Where it answers, without a trailing slash. Known once it is started."""

    @property
    def batch_delay(self) -> Duration:
        """The longest its SDKs keep a span before exporting it."""

    def identity(self) -> Mapping[str, str]:
        """What it is, for history: a version, a digest, a command."""

    def start(self, stack: StackBackend) -> None:
        """Starts it, exporting to the stack, and returns when it answers.

        Raises:
            SutFault: it did not come up; with the log's tail.
        """

    def check(self) -> None:
        """Raises a SutFault unless it answers now."""

    def reset(self) -> None:
        """Brings it back to a known state between loads; does nothing where there is nothing to do."""

    def logs(self) -> str:
        """What it has logged so far."""

    def stop(self) -> None:
        """Ends it and leaves nothing behind. Safe to call again."""


@runtime_checkable
class Talks(Protocol):
    """A :class:`Sut` may have this too: it says what it does while it starts. The pytest plugin sets it."""

    say: Callable[[str], None]


class StartedSut:
    """What systems that k6spec starts have in common.

    Args:
        base_url: where it will answer; None where that is only known once it is started.
        ready: a path that answers 200 once it is up.
        reset: a path to POST to between loads.
    """

    def __init__(self, *, base_url: str | None = None, ready: str, reset: str | None) -> None:
        self._base_url = base_url
        self._ready = checked_path("ready", ready) or "/"
        self._reset = checked_path("reset", reset)

    @property
    def base_url(self) -> str:
        """Where it answers, without a trailing slash.

        Raises:
            SutFault: it is not started.
        """
        if self._base_url is None:
            raise SutFault("the system under test is not started, so its address is not known yet")
        return self._base_url.rstrip("/")

    @property
    def batch_delay(self) -> Duration:
        """We set it."""
        return BATCH_DELAY

    def reset(self) -> None:
        """POSTs to the reset path."""
        if self._reset is not None:
            post_reset(self.base_url + self._reset)

    @property
    def _ready_url(self) -> str:
        return self.base_url + self._ready


@final
class CommandSut(StartedSut):
    """A system that a command starts.

    Args:
        argv: the program and its arguments; it gets the environment of
            :func:`~k6spec.stack.otlp_env.otlp_env`.
        base_url: where it will answer; None if it prints a line of JSON with its URLs when it is ready, in
            which case ``url_key`` names the one to load.
        ready: a path that answers 200 once it is up.
        reset: a path to POST to between loads.
        env: further environment variables. ``OTEL_EXPORTER_OTLP_PROTOCOL`` among them (``grpc`` by default,
            ``http/protobuf``, ``http/json``) says which exporter the system has; it is given the endpoint for it.
        timeout: how long it may take to come up.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        base_url: str | None = None,
        url_key: str = "url",
        ready: str = "/",
        reset: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: str | Duration = seconds(60),
    ) -> None:
        super().__init__(base_url=base_url, ready=ready, reset=reset)
        if isinstance(argv, str) or not argv or not all(isinstance(part, (str, os.PathLike)) for part in argv):
            raise UsageError(
                f'CommandSut({argv!r}): write a list of texts, as in ["python", "app.py", "--port", "8000"]'
            )
        self._given_url = base_url
        self._argv = tuple(map(os.fspath, argv))
        self._url_key = url_key
        self._env = checked_env(env)
        self._cwd = cwd
        self._timeout = checked_timeout(timeout)
        self.say: Callable[[str], None] = lambda _text: None
        self._child: Child | None = None
        self._output: IO[bytes] | None = None

    def identity(self) -> Mapping[str, str]:
        """The command."""
        return {"command": " ".join(self._argv)}

    def start(self, stack: StackBackend) -> None:
        """Starts the command and waits until it answers."""
        if self._base_url is not None and HttpReady(self._ready_url).ready():
            raise SutFault(
                f"something answers at {shown_address(self._ready_url)} before the system under test is started: "
                "it would be loaded in its place",
                advice="end what listens there, or let the system listen on another port; what runs already is an "
                "AddressSut",
            )
        if self._cwd is not None and not Path(self._cwd).is_dir():
            raise SutFault(
                f"the system under test cannot be started in {self._cwd}: there is no such folder",
                advice="correct cwd=; a relative path begins where pytest was started",
            )
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  nameless: nothing stays, however we end
        own = Environment({**os.environ, **self._env})
        environment = Environment({**own, **otlp_env(stack, present=own), **self._env})
        self._child = Child(
            self._argv, env=environment, cwd=self._cwd, stdout=self._output, stderr=self._output, grace=10
        )
        deadline = time.monotonic() + self._timeout.seconds
        try:
            self._wait(_Printed(self), deadline)
            self._wait(HttpReady(self._ready_url), deadline)
        except ChildProcessError as error:
            command = " ".join(self._argv)
            raise SutFault(
                f"the system under test ended with exit code {self._child.poll()} before it answered: {command}",
                log_tail=self._tail(),
                advice=f"run the command by hand in {Path(self._cwd or '').absolute()}, where it was started; "
                "it must stay in the foreground",
            ) from error
        except TimeoutError as error:
            raise SutFault(
                f"the system under test did not come up: {error}",
                log_tail=self._tail(),
                advice="check the address and the ready path, or give CommandSut a longer timeout",
            ) from error

    def check(self) -> None:
        """It runs and answers."""
        code = None if self._child is None else self._child.poll()
        if self._child is None or code is not None:
            raise SutFault(f"the system under test ended with exit code {code}", log_tail=self._tail())
        check_address(self._ready_url)

    def logs(self) -> str:
        """Its standard output and error; of more than 4 MiB the first and the last 2 MiB."""
        if self._output is None:
            return ""
        file = self._output.fileno()
        beyond = os.fstat(file).st_size - 2 * _LOG_END
        first, last = (os.pread(file, _LOG_END, start) for start in (0, _LOG_END + max(0, beyond)))
        gap = f"\n[{beyond:,} bytes are left out here]\n".encode() if beyond > 0 else b""
        return (first + gap + last).decode(errors="replace")

    def stop(self) -> None:
        """Ends the command with all it started."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._output is not None:
            self._output.close()
            self._output = None
        self._base_url = self._given_url  # one that it printed was that of this start

    def find_address(self) -> bool:
        """Looks for the line of JSON with its URLs; whether the address is known."""
        if self._base_url is None:
            lines = (line for line in self.logs().splitlines() if line.startswith("{") and line.endswith("}"))
            self._base_url = next(filter(None, map(self._address_in, lines)), None)
        return self._base_url is not None

    def _address_in(self, line: str) -> str | None:
        """The address in a line that may be of another kind, as of a log."""
        try:
            found = json.loads(line).get(self._url_key)
        except ValueError:
            return None
        return found if isinstance(found, str) and found.startswith(("http://", "https://")) else None

    def _wait(self, strategy: WaitStrategy, deadline: float) -> None:
        child = self._child
        assert child is not None
        wait_for(strategy, timeout=deadline - time.monotonic(), alive=lambda: child.poll() is None, say=self.say)

    def _tail(self) -> str:
        return log_tail(self.logs(), _TAIL)


@final
class _Printed:
    """A command has printed the line of JSON with its URLs."""

    def __init__(self, sut: CommandSut) -> None:
        self._sut = sut

    def ready(self) -> bool:
        return self._sut.find_address()

    def __str__(self) -> str:
        return "a line of JSON with its URLs on its standard output"


@final
class AddressSut:
    """A system that somebody else runs; it must already export its spans to the stack.

    Args:
        base_url: where it answers.
        ready: a path that answers below 500 if it is up; None to skip the check.
        batch_delay: the longest its SDKs keep a span (OpenTelemetry's default: 5 s).
    """

    def __init__(
        self, base_url: str, *, ready: str | None = "/", batch_delay: Duration = _SDK_DEFAULT_DELAY
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._ready = checked_path("ready", ready)
        self._batch_delay = batch_delay

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return self._base_url

    @property
    def batch_delay(self) -> Duration:
        """As given."""
        return self._batch_delay

    def identity(self) -> Mapping[str, str]:
        """The address."""
        return {"address": self._base_url}

    def start(self, stack: StackBackend) -> None:
        """Checks that it answers."""
        self.check()

    def check(self) -> None:
        """It answers."""
        if self._ready is not None:
            check_address(self._base_url + self._ready)

    def reset(self) -> None:
        """Nothing to do: it is not ours."""

    def logs(self) -> str:
        """Not ours to read."""
        return ""

    def stop(self) -> None:
        """It is not ours to end."""


def check_address(url: str) -> None:
    """A system answers at an address, below 500.

    Raises:
        SutFault: it does not.
    """
    try:
        status = ask(url, timeout=5).status
    except UNANSWERED as error:
        advice = "start it, or set base_url to where it answers"
        if isinstance(error, SSLError):
            advice = "see that it takes https there; if k6 gets on with it, AddressSut(…, ready=None) does not ask"
        raise SutFault(
            f"the system under test does not answer at {shown_address(url)}: {error or type(error).__name__}",
            advice=advice,
        ) from error
    if status >= 500:
        raise SutFault(
            f"the system under test answers {status} at {shown_address(url)} (below 500 is up)",
            advice="see its log; or give as ready a path that answers well once it is up",
        )


def post_reset(url: str) -> None:
    """Asks a system to go back to a known state.

    Raises:
        SutFault: it did not answer with success.
    """
    try:
        answer = ask(url, method="POST", timeout=_RESET_SECONDS)
        why = None if answer.is_success else f"it answers {answer.status}"
    except UNANSWERED as error:
        why = str(error) or type(error).__name__
    if why is not None:
        raise SutFault(
            f"the system under test could not be reset by POST {shown_address(url)}: {why}",
            advice="check the reset path",
        )
