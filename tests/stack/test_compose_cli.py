"""Compose's command, where what it asks does not answer."""

from __future__ import annotations

import sys

import pytest

from k6spec.stack import compose_cli
from k6spec.stack.compose_cli import Compose, ComposeFailedError

pytestmark = pytest.mark.timeout(60)

HANGS = (sys.executable, "-c", "import time; time.sleep(3600)")


@pytest.fixture
def compose(monkeypatch: pytest.MonkeyPatch) -> Compose:
    """Of a daemon that hangs."""
    monkeypatch.setattr(compose_cli, "_ASK_SECONDS", 0.1)
    return Compose(HANGS, "shop")


def test_a_daemon_that_hangs_tells_of_no_containers(compose: Compose) -> None:
    with pytest.raises(ComposeFailedError, match=r"it did not end in 0\.1 s"):
        compose.containers()


def test_a_daemon_that_hangs_has_no_log(compose: Compose) -> None:
    assert compose.logs(10) == ""
