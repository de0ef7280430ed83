"""k6spec init: what it writes runs at once."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

import k6spec as package
from tests.support.command import k6spec
from tests.support.server import counting_server

DOCS = Path(package.__file__).parent.parent / "docs"


def test_a_fresh_project_runs_at_once(tmp_path: Path) -> None:
    assert k6spec("init", cwd=tmp_path).returncode == 0

    result = k6spec("run", "--stack", "embedded", cwd=tmp_path, timeout=900)

    assert result.returncode == 0, result.stdout
    assert "3 passed, 1 skipped" in result.stdout
    assert "51 complete traces" in result.stdout or "50 complete traces" in result.stdout


def test_it_runs_against_an_address(tmp_path: Path) -> None:
    with counting_server() as server:
        k6spec("init", "--base-url", server.url, "--path", "/checkout", "--ci", "none", cwd=tmp_path)
        result = k6spec(
            "run", "--stack", "embedded", "--k6spec-settle", "100ms", "-k", "not database", cwd=tmp_path
        )

    assert result.returncode == 0, result.stdout
    assert "2 passed, 1 skipped" in result.stdout
    assert not (tmp_path / "specs/conftest.py").exists()


def test_the_sample_is_there_in_two_versions_as_pull_requests_load_them(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    k6spec("init", cwd=pytester.path)
    k6spec("init", "--ci", "none", cwd=pytester.mkdir("base"))
    monkeypatch.setenv("BASE_CHECKOUT", str(pytester.path / "base"))
    (pytester.path / "specs/test_sample_starts_twice.py").write_text(
        "def test_versions(k6spec_sut, k6spec_sut_base):\n"
        "    assert [sut._argv[1].split('/')[-3:-1] for sut in (k6spec_sut, k6spec_sut_base)] == [\n"
        f"        [{pytester.path.name!r}, 'specs'], ['base', 'specs']\n    ]\n"
    )

    result = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--k6spec-ab", "4", "specs/test_sample_starts_twice.py"
    )

    result.assert_outcomes(passed=1)


def test_where_nothing_starts_the_base_of_a_pull_request_that_is_said(tmp_path: Path) -> None:
    said = k6spec("init", "--base-url", "http://127.0.0.1:8000", cwd=tmp_path).stdout

    assert (
        ".github/workflows/performance.yml loads two versions in turns: say in specs/conftest.py how the base is "
        "started, by the fixture k6spec_sut_base, or take K6SPEC_AB out"
    ) in said


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/conftest.py").write_text("mine")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"')

    written = json.loads(k6spec("init", "--json", cwd=tmp_path).stdout)

    assert written["left"] == ["specs/conftest.py"]
    assert (tmp_path / "specs/conftest.py").read_text() == "mine"
    k6spec("init", "other", "--base-url", "http://127.0.0.1:8000", cwd=tmp_path)
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"] == {"name": "shop"}


def test_the_address_joins_a_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"')

    k6spec("init", "--base-url", "http://127.0.0.1:8000", "--ci", "none", cwd=tmp_path)

    settings = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert settings == {"project": {"name": "shop"}, "tool": {"k6spec": {"base_url": "http://127.0.0.1:8000"}}}


@pytest.mark.parametrize(
    ("ci", "written"),
    [
        (
            "github",
            {
                ".github/workflows/performance.yml": "github-pull-request.yml",
                ".github/workflows/performance-nightly.yml": "github-nightly.yml",
            },
        ),
        ("gitlab", {".gitlab-ci.yml": "gitlab-ci.yml"}),
    ],
)
def test_ci_files_are_those_of_the_docs_with_all_that_they_need(
    tmp_path: Path, ci: str, written: dict[str, str]
) -> None:
    k6spec("init", "--ci", ci, cwd=tmp_path)

    for file, documented in written.items():
        text = (tmp_path / file).read_text()
        assert text == (DOCS / "ci" / documented).read_text()
        assert yaml.safe_load(text)
        assert "pip install -r requirements.txt" in text
    assert (tmp_path / "requirements.txt").read_text() == "k6spec[k6]\n"
    settings = (tmp_path / "pyproject.toml").read_text()
    assert settings in (DOCS / "ci.md").read_text()
    assert set(tomllib.loads(settings)["tool"]["k6spec"]["env"]) == {"pull_request", "nightly"}


def test_settings_that_are_there_are_left_and_what_is_missing_is_said(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.k6spec]\nsettle = '1s'\n")
    (tmp_path / "requirements.txt").write_text("flask\n")

    said = k6spec("init", cwd=tmp_path).stdout

    assert "[tool.k6spec.env.nightly]" in said
    assert "left requirements.txt as it is; pipelines need k6spec[k6] in it" in said
    assert (tmp_path / "pyproject.toml").read_text() == "[tool.k6spec]\nsettle = '1s'\n"


@pytest.mark.parametrize("text", ['tool.k6spec.settle = "1s"', '[tool]\nk6spec = { settle = "1s" }'])
def test_settings_are_found_however_toml_has_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert "has settings of k6spec already" in k6spec("init", cwd=tmp_path).stdout

    assert (tmp_path / "pyproject.toml").read_text() == text


def test_the_ends_of_lines_stay(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b'[project]\r\nname = "shop"\r\n')

    k6spec("init", "--base-url", "http://127.0.0.1:8000", "--ci", "none", cwd=tmp_path)

    assert (tmp_path / "pyproject.toml").read_bytes() == (
        b'[project]\r\nname = "shop"\r\n\r\n[tool.k6spec]\r\nbase_url = "http://127.0.0.1:8000"\r\n'
    )


@pytest.mark.parametrize("text", [b"[project", b"# \xe9"])
def test_a_pyproject_that_cannot_be_read_is_told_before_anything_is_written(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text)

    result = k6spec("init", cwd=tmp_path)

    assert result.returncode == 2
    assert "correct it first; nothing was written" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ci", "jenkins"], "--ci jenkins: write github, gitlab, none"),
        (["--base-url", "localhost"], "--base-url localhost: write an address"),
        (["--base-url", "http://[::1"], "--base-url http://[::1: write an address"),
        (["--base-url", 'http://x/"y'], 'http://x/"y: write an address'),
        (["--path", "/${x}"], "without quotes and ${"),
        (["--path", "products"], "--path products: write a path that begins with /"),
        (["there"], "is there already: this project has been begun"),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "there/specs").mkdir(parents=True)
    (tmp_path / "there/specs/test_smoke.py").write_text("mine")

    result = k6spec("init", *arguments, cwd=tmp_path)

    assert result.returncode == 2
    assert message in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


def test_it_says_what_to_install_where_there_is_no_k6(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.k6spec]\nk6 = 'k6-of-nobody'\n")

    said = k6spec("init", cwd=tmp_path).stdout.splitlines()[-2:]

    assert said[0].startswith('first: pip install "k6spec[k6]"')
    assert said[1] == "next: pytest specs/"
