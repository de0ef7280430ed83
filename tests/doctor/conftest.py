"""Fixtures of tests of the doctor's checks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k6spec.config import Config
from k6spec.doctor.case import Case


@pytest.fixture
def case(tmp_path: Path) -> Callable[..., Case]:
    """Makes a case of a stack and settings, in a folder of the test's own."""

    def make(stack: str | None = "embedded", **settings: Any) -> Case:
        return Case(config=Config(root=tmp_path, **settings), environ=os.environ, stack=stack)

    return make
