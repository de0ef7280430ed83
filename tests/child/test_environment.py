"""What programs of ours get of the user's environment, and what tracebacks show of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from k6spec.environment import Environment, bare_environment
from k6spec.stack.base import StackBackend
from tests.support.stacks import make_stack


def test_an_environment_has_no_words_for_what_it_holds() -> None:
    environment = Environment({"LOGIN": "hunter2hunter2", "HOME": "/root"})
    assert dict(environment) == {"LOGIN": "hunter2hunter2", "HOME": "/root"}
    assert repr(environment) == "<2 environment variables>"


def test_what_a_program_needs_is_named_and_nothing_else_is_passed_on() -> None:
    environ = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "TMPDIR": "/x",
        "LOGIN": "hunter2hunter2",
        "HTTPS_PROXY": "http://bob:pw@proxy",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=abc",
        "GOOGLE_API_KEY": "abc",
    }
    assert bare_environment(environ) == {"PATH": "/bin", "LC_ALL": "C", "TMPDIR": "/x"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_receiver_is_not_told_what_is_in_the_users_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGIN", "hunter2hunter2")
    stack: StackBackend = make_stack("embedded", tmp_path)
    stack.start()
    try:
        environs = list(_environments_of_children())
        assert any(b"GRPC_VERBOSITY" in environ for environ in environs)
        assert not any(b"GRPC_VERBOSITY" in environ and b"hunter2hunter2" in environ for environ in environs)
    finally:
        stack.stop()


def _environments_of_children() -> Iterator[bytes]:
    asked = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())], stdout=subprocess.PIPE, text=True, check=True
    )
    for pid in asked.stdout.split():
        with suppress(ProcessLookupError, FileNotFoundError):  # ps itself, or another test's that has ended
            yield Path(f"/proc/{pid}/environ").read_bytes()
