"""Settings from pyproject.toml, environments, variables and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import ConfigError, seconds
from k6spec.config import load_config

PYPROJECT = """
[tool.k6spec]
stack = "embedded"
base_url = "http://127.0.0.1:1"
deadline = "20s"
[tool.k6spec.limits]
checkout_p95 = "400ms"
[tool.k6spec.env.nightly]
base_url = "http://127.0.0.1:2"
[tool.k6spec.env.nightly.profile]
duration = "30m"
[tool.k6spec.env.nightly.limits]
checkout_p99 = "900ms"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a pyproject.toml."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def test_each_source_overrides_the_one_before(project: Path) -> None:
    assert load_config(project, {}, {}).base_url == "http://127.0.0.1:1"
    assert load_config(project, {"K6SPEC_ENV": "nightly"}, {}).base_url == "http://127.0.0.1:2"
    variables = {"K6SPEC_ENV": "nightly", "K6SPEC_BASE_URL": "http://127.0.0.1:3"}
    assert load_config(project, variables, {}).base_url == "http://127.0.0.1:3"
    options = {"base_url": "http://127.0.0.1:4"}
    assert load_config(project, variables, options).base_url == "http://127.0.0.1:4"


def test_an_environment_adds_to_tables(project: Path) -> None:
    config = load_config(project, {}, {"env": "nightly"})

    assert config.limits == {"checkout_p95": "400ms", "checkout_p99": "900ms"}
    assert config.profile == {"duration": "30m"}
    assert config.deadline == seconds(20)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.k6spec]\nstak = 'x'", "unknown setting 'stak'; did you mean 'stack'?"),
        ("[tool.k6spec]\ndeadline = 'soon'", "deadline = 'soon' is not a duration"),
        ("[tool.k6spec]\npreflight_time = 0.5", "preflight_time = 0.5: k6 takes no less than a second; write "),
        ("[tool.k6spec]\npreflight_time = '999ms'", "preflight_time = '999ms': k6 takes no less than a second"),
        (
            "[tool.k6spec]\nuninstrumented_from = 1",
            "uninstrumented_from = 1; write a number from 2 to 1,000,000,000",
        ),
        ("[tool.k6spec]\nmax_thinning = 0.2", 'max_thinning = 0.2; write a share from "0%" to "100%"'),
        ("[tool.k6spec]\nlimits = 3", "limits is a table"),
        ("[tool.k6spec]\ndeadline = inf", "deadline = inf is not a duration"),
        ("[tool.k6spec]\ndeadline = nan", "deadline = nan is not a duration"),
        ("[tool.k6spec]\nstack = 3", "stack = 3; write a text"),
        ("[tool.k6spec\n", "pyproject.toml: "),
    ],
)
def test_mistakes_say_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path, {}, {})
    assert message in str(caught.value)


def test_an_environment_that_is_no_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.k6spec.env]\nci = 'embedded'")

    with pytest.raises(ConfigError, match=r"write a table \[tool.k6spec.env.ci\]"):
        load_config(tmp_path, {}, {"env": "ci"})


def test_a_folder_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    (tmp_path / "pyproject.toml").write_text("[tool.k6spec]\nruns = '~/runs'")

    assert load_config(tmp_path, {}, {}).runs_folder == Path("/home/ann/runs")


def test_a_relative_path_of_k6_starts_where_pyproject_stands(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.k6spec]\nk6 = 'tools/k6'")

    assert load_config(tmp_path, {}, {}).k6 == str(tmp_path / "tools/k6")
    assert load_config(tmp_path, {"K6SPEC_K6": "k6-2"}, {}).k6 == "k6-2"


def test_an_unknown_environment_lists_the_known(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"no environment 'nigthly'.*defines: nightly"):
        load_config(project, {}, {"env": "nigthly"})


def test_a_project_without_settings_has_defaults(tmp_path: Path) -> None:
    config = load_config(tmp_path, {}, {})

    assert config.stack == "auto"
    assert config.runs_folder == tmp_path / ".k6spec/runs"
