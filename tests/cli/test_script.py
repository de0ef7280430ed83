"""``k6spec script``: what specs are compiled to, as people ask for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SPEC = """
import k6spec
from k6spec import Scenario, constant_vus, flow

pytestmark = k6spec.load(Scenario.http(flow.get("/products"), name="browse"), constant_vus(3, "7s"))

def test_one(run): ...
def test_two(run): ...

@k6spec.load(Scenario.http(flow.post("/checkout", text="x")), constant_vus(1, "1s"))
def test_other(run): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Specs with two loads, and an environment."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = "-q -ra"\n[tool.k6spec.env.night]\nprofile = { vus = 9 }\n'
    )
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "test_shop.py").write_text(SPEC)
    return tmp_path


def script(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs ``k6spec script`` in ``cwd``."""
    return subprocess.run(
        [sys.executable, "-c", "from k6spec.cli import main; main()", "script", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_each_load_is_printed_once_with_its_tests(project: Path) -> None:
    printed = script("specs", cwd=project).stdout

    assert printed.startswith(
        "// specs/test_shop.py::test_one\n// specs/test_shop.py::test_two\n\n// ---- entry.js\n"
    )
    assert printed.count("// ---- flow_0.js") == 2
    assert 'address(BASE_URL, "/products")' in printed
    assert 'address(BASE_URL, "/checkout")' in printed


def test_scripts_get_each_load_as_an_object(project: Path) -> None:
    first, second = map(json.loads, script("specs", "--json", cwd=project).stdout.splitlines())

    assert first["nodeids"] == ["specs/test_shop.py::test_one", "specs/test_shop.py::test_two"]
    assert first["entry"] is None
    assert 'address(BASE_URL, "/products")' in first["modules"]["flow_0.js"]
    assert 'address(BASE_URL, "/checkout")' in second["modules"]["flow_0.js"]


def test_scripts_are_told_what_k6_can_run(project: Path) -> None:
    first, _ = map(json.loads, script("specs", "--json", "--out", "js", cwd=project).stdout.splitlines())

    assert Path(first["entry"]).read_text("utf-8") == first["modules"]["entry.js"]


def test_a_node_id_narrows(project: Path) -> None:
    printed = script("specs/test_shop.py::test_other", cwd=project).stdout

    assert printed.startswith("// specs/test_shop.py::test_other\n")
    assert "/products" not in printed


def test_an_environment_overrides_the_profile(project: Path) -> None:
    assert '"vus": 9' in script("--env", "night", "specs", cwd=project).stdout


def test_a_scripts_own_load_is_printed_as_k6_understands_it(project: Path) -> None:
    (project / "own.js").write_text(
        "import http from 'k6/http'; export const options = { vus: 4, duration: '3s' };"
        "export default () => { http.get(__ENV.BASE_URL); };"
    )
    (project / "test_own.py").write_text(
        "import k6spec\npytestmark = k6spec.load(k6spec.Scenario.script('own.js', options='script'))\n"
        "def test_it(run): ...\n"
    )

    printed = script("test_own.py", cwd=project).stdout

    assert '"executor": "constant-vus"' in printed
    assert '"vus": 4' in printed


def test_the_written_folder_is_all_that_k6_needs(project: Path) -> None:
    printed = script("specs/test_shop.py::test_other", "--out", "as compiled", cwd=project).stdout

    folder = project / "as compiled" / "load_0"
    assert printed.splitlines()[-1] == f"k6 run -e BASE_URL=http://127.0.0.1:8000 '{folder / 'entry.js'}'"
    assert (folder / "runtime" / "http.js").is_file()


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("nowhere.py", "file or directory not found: nowhere.py"),
        ("broken.py", "Scenario.http() needs steps"),
        ("empty.py", "no test in empty.py has a k6spec.load(...)"),
    ],
)
def test_what_cannot_be_compiled_is_said_without_a_traceback(project: Path, argument: str, said: str) -> None:
    (project / "broken.py").write_text("from k6spec import Scenario\nScenario.http()\ndef test_it(run): ...\n")
    (project / "empty.py").write_text("def test_it(): ...\n")
    result = script(argument, cwd=project)

    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
