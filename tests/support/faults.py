"""Faults as pytest shows them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from k6spec.errors import K6specError
from k6spec.pytest_plugin.messages import short_message
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.sut import CommandSut


def started(sut: CommandSut) -> None:
    """Starts it beside the embedded stack, and ends both."""
    stack = EmbeddedStack()
    stack.start()
    try:
        sut.start(stack)
    finally:
        sut.stop()
        stack.stop()


def said(provoke: Callable[[], object], tmp_path: Path) -> str:
    """What pytest shows in place of a traceback; paths and ports that differ each time are taken out."""
    with pytest.raises(K6specError) as caught:
        provoke()
    text = short_message(caught.value, None) or ""
    text = text.replace(str(tmp_path), "TMP").replace(sys.executable, "python")
    return re.sub(
        r"127\.0\.0\.1:\d{4,}|(?<=port )\d{4,}",
        lambda found: "PORT" if ":" not in found[0] else "127.0.0.1:PORT",
        text,
    )
