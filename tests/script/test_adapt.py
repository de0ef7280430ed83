"""Which scripts are copied so that they run, and what is changed in the copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.script.adapt import Adapted, adapt


class Tree:
    """A folder of scripts, and what becomes of them."""

    def __init__(self, folder: Path, **modules: str) -> None:
        self.folder = folder / "user"
        self.out = folder / "out"
        for name, source in modules.items():
            path = self.folder / f"{name.replace('__', '/')}.js"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)

    def adapt(self, *names: str) -> Adapted:
        return adapt([self.folder / f"{name}.js" for name in names], self.out)

    def copies(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.out.rglob("copies/*/*")}


def test_a_script_that_k6_can_run_stays_where_it_is(tmp_path: Path) -> None:
    tree = Tree(
        tmp_path, main="import http from 'k6/http'; import './lib.js'; import 'https://x.test/y.js'", lib=""
    )
    adapted = tree.adapt("main")
    assert adapted.specifiers == {tree.folder / "main.js": (tree.folder / "main.js").as_uri()}
    assert adapted.copies == ()
    assert not tree.out.exists()


def test_only_those_that_lead_to_a_replaced_import_are_copied(tmp_path: Path) -> None:
    tree = Tree(
        tmp_path,
        main="import { a } from './lib/a.js'; import './plain.js';",
        other="import './plain.js';",
        plain="",
        lib__a="export { b as a } from './b.js'; import '../plain.js';",
        lib__b="import t from 'k6/experimental/tracing'; import './main-again.js'",
    )
    adapted = tree.adapt("main", "other")
    copies = tree.copies()
    assert set(copies) == {"main.js", "a.js", "b.js"}
    number = {copy.folder.name: index for index, copy in enumerate(adapted.copies)}
    plain = (tree.folder / "plain.js").as_uri()
    assert copies["main.js"].endswith(f'a.js"; import "{plain}";')
    assert f'import "{plain}"' in copies["a.js"]
    assert 'import t from "../../runtime/modules/tracing.js"' in copies["b.js"]
    assert adapted.specifiers[tree.folder / "main.js"] == f"./copies/{number['user']}/main.js"
    assert adapted.specifiers[tree.folder / "other.js"] == (tree.folder / "other.js").as_uri()


def test_modules_that_import_one_another_are_copied_once(tmp_path: Path) -> None:
    tree = Tree(tmp_path, main="import './b.js'; import 'k6/net/grpc';", b="import './main.js';")
    adapted = tree.adapt("main")
    assert len(adapted.copies) == 2
    assert set(tree.copies()) == {"main.js", "b.js"}


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("k6/experimental/tracing", "tracing.js"),
        ("https://jslib.k6.io/http-instrumentation-tempo/1.0.1/index.js", "tracing.js"),
        ("https://jslib.k6.io/k6-utils/1.2.0/index.js", "k6_utils.js"),
        ("k6/net/grpc", "grpc.js"),
        ("k6/websockets", "websockets.js"),
        ("k6/experimental/websockets", "experimental_websockets.js"),
        ("k6/experimental/fs", "fs.js"),
    ],
)
def test_imports_lead_to_modules_of_the_runtime(tmp_path: Path, name: str, module: str) -> None:
    tree = Tree(tmp_path, main=f"import a from '{name}';\nconst b = require(\"{name}\");")
    tree.adapt("main")
    there = f'"../../runtime/modules/{module}"'
    assert tree.copies() == {"main.js": f"import a from {there};\nconst b = require({there});"}


@pytest.mark.parametrize(
    "name", ["https://jslib.k6.io/k6-summary/0.1.0/index.js", "k6/experimental/csv", "k6/x/sql"]
)
def test_other_imports_stay_as_they_are(tmp_path: Path, name: str) -> None:
    tree = Tree(tmp_path, main=f"import a from '{name}';")
    assert tree.adapt("main").copies == ()


def test_lines_of_a_copy_are_those_of_the_script_and_its_map_is_found(tmp_path: Path) -> None:
    source = "// one\nimport 'k6/net/grpc';\nopen(import.meta.resolve('./x'));\n//# sourceMappingURL=main.js.map\n"
    tree = Tree(tmp_path, main=source)
    tree.adapt("main")
    lines = tree.copies()["main.js"].splitlines()
    assert len(lines) == 4
    assert lines[2] == "open(k6spec_meta.resolve('./x'));"
    assert lines[3] == f"//# sourceMappingURL={(tree.folder / 'main.js.map').as_uri()}"


def test_what_scripts_use_is_known(tmp_path: Path) -> None:
    tree = Tree(tmp_path, main="import './lib.js'", lib="import ws from 'k6/ws'; x.submitForm()")
    assert tree.adapt("main").uses >= {"k6/ws", "submitForm"}
    assert "clickLink" not in tree.adapt("main").uses
