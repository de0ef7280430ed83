"""The tutorial, followed to the letter: its files written, its specs run by real k6 against its own system."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT, Ended, Project

PAGE = (ROOT / "docs/first-spec.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# ([\w/.]+)\n(.*?)```", PAGE, re.DOTALL))
MENDED = re.findall(r"```python\n# shop\.py, its last function\n(.*?)```", PAGE, re.DOTALL)[0]


@pytest.fixture
def reader(project: Project) -> Project:
    """The reader's folder, with a port that is free here."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for name, text in FILES.items():
        path = project.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("8123", port), encoding="utf-8")
    return project


def followed(reader: Project) -> Ended:
    reader.env["PATH"] = f"{Path(sys.executable).parent}:{reader.env['PATH']}"
    return reader.run("specs/", timeout=300)


def test_it_finds_the_fault_that_it_shows(reader: Project) -> None:
    ended = followed(reader)

    assert "1 failed, 2 passed" in ended.text, ended.text
    assert re.search(r"20 ×  SELECT cents FROM prices WHERE sku = \?   \(shop, VU \d, 00:0\d\)", ended.text)
    assert "20 calls a trace of SELECT cents FROM prices WHERE sku = ?, in shop" in ended.text


def test_it_is_green_once_mended(reader: Project) -> None:
    shop = reader.root / "shop.py"
    text = shop.read_text()
    shop.write_text(text[: text.index('@app.get("/products")')] + MENDED)

    ended = followed(reader)

    assert "3 passed" in ended.text, ended.text
