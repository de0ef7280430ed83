"""The system under test of the example specs: the demo shop, started by k6spec."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import k6spec


@pytest.fixture(scope="session")
def k6spec_sut() -> k6spec.Sut:
    """Two services and a database. ``SHOP_FAULTS=slow_query pytest specs/`` breaks it."""
    return k6spec.CommandSut(
        [sys.executable, "-m", "demo", "serve"],
        url_key="orders",
        ready="/healthz",
        cwd=Path(__file__).parent.parent,
    )
