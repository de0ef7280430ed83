"""What a module imports and opens, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k6spec.declare.javascript import local_path, opened, specifiers, tokens


def found(source: str) -> list[str]:
    return [token.content for token in specifiers(source)]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import http from 'k6/http';", ["k6/http"]),
        ('import a, {\n  b as c, // why\n  d,\n} from "./b.js"', ["./b.js"]),
        ("import * as all from'x';import './side.js'", ["x", "./side.js"]),
        ("export * from 'a'; export { b } from 'b'; export * as c from 'c';", ["a", "b", "c"]),
        ("const { a } = require('a'), b = require ( \"b\" );", ["a", "b"]),
        ("import type { Response } from 'k6/http';", ["k6/http"]),
        ("`${require('in a placeholder') + `${require('deeper')}`}`; require('after')", None),
    ],
)
def test_names_of_modules_are_found(source: str, names: list[str] | None) -> None:
    assert found(source) == (names or ["in a placeholder", "deeper", "after"])


@pytest.mark.parametrize(
    "source",
    [
        "// import a from 'a'",
        "/* import a from 'a'\n */",
        "const s = \"import a from 'a'\";",
        "const t = `import a from 'a' \\` ${1 + '}'} require('b')`;",
        "const r = /import a from 'a'/; const q = [/[/'\"]/, /\\/'/];",
        "module.require('a'); from('a'); const from = 'a'; x.imports('a')",
        "const half = a / b; // 'x' / import 'a'",
    ],
)
def test_what_only_looks_like_an_import_is_none(source: str) -> None:
    assert found(source) == []


def test_a_slash_after_a_value_divides() -> None:
    assert found("const a = (1 + 2) / 3; import 'x'; const b = c[0] / 2 / d; import 'y'") == ["x", "y"]


def test_opened_files_are_found() -> None:
    source = "const a = open('./a.json'); const b = await fs.open(import.meta.resolve('../b.csv')); reopen('c')"
    assert list(opened(source)) == ["./a.json", "../b.csv"]


@given(st.text(alphabet="'\"`/\\${}()[]*\n ab.import", max_size=80))
def test_any_text_is_read_to_its_end(source: str) -> None:
    positions = [token.start for token in tokens(source)]
    assert positions == sorted(set(positions))


def test_names_of_files(tmp_path: Path) -> None:
    assert local_path("./a%20b.js", tmp_path) == tmp_path / "a b.js"
    assert local_path((tmp_path / "ü.js").as_uri(), tmp_path / "x") == tmp_path / "ü.js"
    assert local_path("k6/http", tmp_path) is None
    assert local_path("https://jslib.k6.io/x.js", tmp_path) is None
