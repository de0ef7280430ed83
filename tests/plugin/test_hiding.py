"""Secrets that a spec's own words hold are neither shown nor archived."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Specs, healthy

TOKEN = "t0ken-of-the-shop"

SPEC = """
import os

def test_claims(run):
    assert run.claim(f"{os.environ['SHOP_TOKEN']} is let in", holds=False, because="the answer was 401")

def test_raises(run):
    token = os.environ["SHOP_TOKEN"]
    print(f"tried {token}")
    assert run.http().count > 0
    raise ConnectionError(f"http://bob:{token}@elsewhere/ is not there")

def test_skips(run):
    pytest.skip(f"no {os.environ['SHOP_TOKEN']} today")

def test_passes(run):
    assert run.claim(f"{os.environ['SHOP_TOKEN']} is let in", holds=True)
"""


@pytest.fixture
def shown(specs: Specs, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is left of a session whose tests speak of a token, by where it is."""
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    specs.write(SPEC)
    folder = specs.archive(healthy())
    output = specs.replay("--showlocals", "-rfs", "--junit-xml=junit.xml").stdout.str()
    return {
        "output": output,
        "run.json": (folder / "run.json").read_text(),
        "junit": (specs.pytester.path / "junit.xml").read_text(),
        "report": (folder / "report.html").read_text(),
    }


def test_a_secret_of_the_environment_is_shown_nowhere(shown: dict[str, str]) -> None:
    assert [name for name, text in shown.items() if TOKEN in text] == []


def test_a_traceback_keeps_its_lines_and_its_summary(shown: dict[str, str]) -> None:
    assert """token = os.environ["SHOP_TOKEN"]""" in shown["output"]
    assert "FAILED test_spec.py::test_raises - ConnectionError: http://bob:[redacted " in shown["output"]
    assert "http://bob:{token}@elsewhere/" in shown["output"]
    assert """message="ConnectionError: http://bob:[redacted """ in shown["junit"]


def test_the_mark_stands_where_the_secret_was(shown: dict[str, str]) -> None:
    claims = [verdict["claim"] for verdict in json.loads(shown["run.json"])["verdicts"]]
    assert [claim.endswith("] is let in") for claim in claims if claim.startswith("[redacted ")] == [True, True]
