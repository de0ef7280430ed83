"""What a virtual user does: a k6 script, or a flow written in Python."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from k6spec.declare.flow import Step, check_placeholders
from k6spec.declare.location import caller_folder, reject

_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptScenario:
    """A user's own k6 script. ``exec`` is the exported function that VUs run."""

    path: Path
    exec: str = "default"
    env: Mapping[str, str] = field(default_factory=dict)
    name: str = "default"

    def describe(self) -> dict[str, object]:
        """The declaration in plain values; the path as a name only, for the content is hashed."""
        return {"script": self.path.name, "exec": self.exec, "env": dict(self.env)}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowScenario:
    """A flow of steps; ``base_url`` None means the system under test's."""

    steps: tuple[Step, ...]
    base_url: str | None = None
    name: str = "default"

    def describe(self) -> dict[str, object]:
        """The declaration in plain values."""
        return {"base_url": self.base_url, "steps": [_described(step) for step in self.steps]}


AnyScenario = ScriptScenario | FlowScenario
"""A declared scenario."""


@final
class Scenario:
    """Makes scenarios: ``Scenario.script("load/checkout.js")`` or ``Scenario.http(flow.get("/"))``."""

    @staticmethod
    def script(
        path: str | Path,
        *,
        exec: str = "default",
        env: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> ScriptScenario:
        """A k6 script, run unchanged; the declared profile takes the place of its own ``options``' load.

        Args:
            path: relative to the spec's own folder.
            exec: the exported function that VUs run.
            env: further values of the script's ``__ENV``; ``BASE_URL`` is always there.
            name: k6's scenario name, by default the file's.
        """
        folder = caller_folder()
        found = (folder / path).resolve()
        if not found.is_file():
            near = ", ".join(sorted(str(script.relative_to(folder)) for script in _scripts_near(found)))
            reject(f"there is no script {str(path)!r} in {folder}{f'; there are {near}' if near else ''}")
        if not _IDENTIFIER.fullmatch(exec):
            reject(f"exec={exec!r}: give the name of a function that the script exports")
        return ScriptScenario(path=found, exec=exec, env=dict(env or {}), name=_name(name or found.stem))

    @staticmethod
    def http(*steps: Step, base_url: str | None = None, name: str = "flow") -> FlowScenario:
        """A flow written in Python, see :mod:`k6spec.declare.flow`; compiled to readable k6 JavaScript."""
        if not steps:
            reject('Scenario.http() needs steps, as in Scenario.http(flow.get("/products"))')
        for step in steps:
            if not isinstance(step, Step):
                reject(f'{step!r} is not a step; write flow.get("/path"), flow.post(...) or flow.think("1s")')
        check_placeholders(steps)
        return FlowScenario(steps=steps, base_url=base_url, name=_name(name))


def _scripts_near(path: Path) -> list[Path]:
    return list(path.parent.glob("*.js"))[:5] if path.parent.is_dir() else []


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)


def _described(step: Step) -> object:
    return json.loads(json.dumps({type(step).__name__: _fields(step)}, default=str))


def _fields(step: Step) -> dict[str, object]:
    return {name: getattr(step, name) for name in type(step).__slots__}
