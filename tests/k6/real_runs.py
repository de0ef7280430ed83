"""Runs real k6 over scripts that tests write."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from k6spec.declare.load import Load, declare_load
from k6spec.declare.profile import Profile
from k6spec.declare.profiles import per_vu_iterations
from k6spec.declare.scenario import AnyScenario, Scenario
from k6spec.k6.binary import K6Binary, find_k6
from k6spec.k6.runner import K6Result, run_k6
from k6spec.script.compiler import compile_load
from tests.k6.echo_server import EchoServer
from tests.toolchain.build import folder

RUN_KEY = bytes.fromhex("deadbeef")


def every_k6() -> list[str | None]:
    """The settings of the k6 binaries to test: the installed one (None), and those that the toolchain has built.

    ``K6SPEC_TEST_K6`` lists other ones than the toolchain's, separated as in PATH; empty: none.
    """
    chosen = os.environ.get("K6SPEC_TEST_K6")
    if chosen is None:
        binaries = [folder(tool) / tool for tool in ("k6", "k6v2")]
        return [None, *(str(binary) for binary in binaries if binary.exists())]
    return [None, *(path for path in chosen.split(os.pathsep) if path)]


def k6_id(setting: str | None) -> str:
    """How a test's id names one of them."""
    return Path(setting).name if setting else "installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A load that ran, with its requests and other samples as lists of rows."""

    result: K6Result
    requests: list[dict[str, Any]]
    samples: list[dict[str, Any]]

    def of(self, path: str) -> list[dict[str, Any]]:
        """The requests whose operation ends with a path."""
        return [row for row in self.requests if row["operation"].endswith(path)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs loads against one server, in a folder of their own."""

    server: EchoServer
    folder: Path
    binary: K6Binary

    def script(self, source: str, name: str = "user.js") -> Path:
        """Writes a user's script; ``SUT`` and ``OTHER`` in it stand for the server's base URLs."""
        path = self.folder / "user" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.replace("SUT", self.server.url).replace("OTHER", self.server.other_host_url))
        return path

    def load(self, source: str, profile: Profile | None = None, **options: Any) -> Load:
        """A load of one script."""
        exec_ = options.pop("exec", "default")
        scenario = Scenario.script(self.script(source), exec=exec_)
        return declare_load(scenario, profile or per_vu_iterations(1, 1), **options)

    def parts(self, **parts: tuple[AnyScenario, Profile]) -> Load:
        """A load of several scenarios."""
        return declare_load(parts, None)

    def run(
        self,
        load: Load,
        *,
        base_url: str | None = None,
        env: dict[str, str] | None = None,
        metrics_to: str | None = None,
    ) -> Ran:
        """Runs a load to its end."""
        folder = self.folder / "run"
        folder.mkdir()
        compiled = compile_load(load, run_key=RUN_KEY, base_url=base_url or self.server.url, out=folder / "script")
        environ = os.environ | (env or {})
        result = run_k6(self.binary, compiled, load, folder=folder, env=environ, metrics_to=metrics_to)
        return Ran(
            result=result,
            requests=pq.read_table(result.requests_path).to_pylist(),
            samples=pq.read_table(result.metrics_path).to_pylist(),
        )


def runner(server: EchoServer, folder: Path, setting: str | None) -> Runner:
    """A runner with the k6 that a setting names."""
    return Runner(server=server, folder=folder, binary=find_k6(setting))
