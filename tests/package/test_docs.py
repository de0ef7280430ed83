"""The examples of the pages about loads are specs that k6 accepts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

import k6spec
from k6spec import Load
from k6spec.k6.binary import find_k6
from k6spec.k6.own_load import with_own_load
from k6spec.script.compiler import compile_load
from k6spec.script.options import scenarios
from tests.script.k6_inspect import inspected

DOCS = Path(k6spec.__file__).parent.parent / "docs"
BLOCKS = [
    pytest.param(block, id=f"{page}-{number}")
    for page in ("scripts.md", "flows.md", "loads.md")
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL))
]
SCRIPT = "import http from 'k6/http'; export default function () { http.get(__ENV.BASE_URL); }"


@pytest.mark.parametrize("block", BLOCKS)
def test_its_loads_are_accepted_by_k6(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "checkout.js").write_text(SCRIPT)
    example = tmp_path / "example.py"
    example.write_text(block)
    names: dict[str, Any] = {"__name__": "example"}

    exec(compile(block, str(example), "exec"), names)

    (load,) = names["pytestmark"].args
    assert isinstance(load, Load)
    k6 = find_k6()
    load = with_own_load(load, k6, base_url="http://127.0.0.1:1", env=os.environ)
    compiled = compile_load(load, run_key=b"docs", base_url="http://127.0.0.1:1", out=tmp_path / "out")
    options = inspected(k6, compiled.entry, SHOP_PASSWORD="x")
    assert set(options["scenarios"]) == set(scenarios(load))
