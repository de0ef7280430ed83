"""docs/ab.md: its conftest.py gives both versions, each from its own checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import k6spec

PAGE = Path(k6spec.__file__).parent.parent / "docs" / "ab.md"
SPEC = """
def test_versions(k6spec_sut, k6spec_sut_base):
    assert k6spec_sut._cwd != k6spec_sut_base._cwd
"""


def test_its_conftest_names_both_versions(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    (conftest,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (options,) = re.findall(r"\$ pytest specs/ (.*)", PAGE.read_text("utf-8"))
    monkeypatch.setenv("BASE_CHECKOUT", str(pytester.path / "base"))
    pytester.makeconftest(conftest)
    pytester.makepyfile(SPEC)

    pytester.runpytest_inprocess("-p", "no:randomly", *options.split()).assert_outcomes(passed=1)
