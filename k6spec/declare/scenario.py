"""What a virtual user does: a k6 script, or a flow written in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, final

from k6spec.declare.flow.data import Data, FileRows, InlineRows
from k6spec.declare.flow.describe import described
from k6spec.declare.flow.mixing import checked_steps
from k6spec.declare.flow.scope import check_placeholders
from k6spec.declare.flow.steps import Step
from k6spec.declare.flow.template import BUILT_IN, NAME
from k6spec.declare.location import caller_folder, reject

_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptScenario:
    """A user's own k6 script.

    ``exec`` is the exported function that VUs run. ``own_load``: the script's own ``options`` say what is run.
    ``tags`` are the scenario's, on all that it emits.
    """

    path: Path
    exec: str = "default"
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str = "default"
    own_load: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> dict[str, object]:
        """The declaration in plain values; the path as a name only, for the content is hashed."""
        tags = {"tags": dict(self.tags)} if self.tags else {}
        return {"script": self.path.name, "exec": self.exec, "env": dict(self.env), **tags}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowScenario:
    """A flow of steps; ``base_url`` None means the system under test's."""

    steps: tuple[Step, ...]
    base_url: str | None = None
    data: Mapping[str, Data] = field(default_factory=dict)
    name: str = "default"

    def describe(self) -> dict[str, object]:
        """The declaration in plain values; data as hashes."""
        data = {name: rows.describe() for name, rows in self.data.items()}
        steps = [described(step) for step in self.steps]
        return {"base_url": self.base_url, "steps": steps} | ({"data": data} if data else {})


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
        options: Literal["declared", "script"] = "declared",
    ) -> ScriptScenario:
        """A k6 script, run unchanged; the declared profile takes the place of its own ``options``' load.

        Args:
            path: relative to the spec's own folder.
            exec: the exported function that VUs run.
            env: further values of the script's ``__ENV``; ``BASE_URL`` is always there.
            name: k6's scenario name, by default the file's.
            options: ``"script"`` runs the load of the script's own ``options`` (scenarios, or VUs and duration):
                then ``k6spec.load`` takes the scenario alone, without a profile.
        """
        folder = caller_folder()
        found = (folder / path).resolve()
        if not found.is_file():
            near = ", ".join(sorted(str(script.relative_to(folder)) for script in _scripts_near(found)))
            reject(f"there is no script {str(path)!r} in {folder}{f'; there are {near}' if near else ''}")
        for key, value in (env or {}).items():
            if not isinstance(value, str):
                reject(f"env {key!r}: give a text; a secret is in the script's __ENV already, under its own name")
        if not _IDENTIFIER.fullmatch(exec):
            reject(f"exec={exec!r}: give the name of a function that the script exports")
        if options not in ("declared", "script"):
            reject(f'options={options!r}: write "script" for the load of the script\'s own options')
        return ScriptScenario(
            path=found,
            exec=exec,
            env=dict(env or {}),
            name=_name(name or found.stem),
            own_load=options == "script",
        )

    @staticmethod
    def http(
        *steps: Step,
        data: Mapping[str, Data] | None = None,
        base_url: str | None = None,
        name: str = "flow",
    ) -> FlowScenario:
        """A flow written in Python, see :mod:`k6spec.declare.flow`; compiled to readable k6 JavaScript.

        Args:
            data: what each iteration draws a row of, by the name that placeholders use: ``flow.rows(...)`` or
                ``flow.payloads(...)``.
            base_url: of another system than the one under test; it gets trace context too.
            name: k6's scenario name.
        """
        drawn = dict(data or {})
        for key, rows in drawn.items():
            if not isinstance(key, str) or not NAME.fullmatch(key) or key in BUILT_IN:
                reject(f"data {key!r}: use a plain name other than {' and '.join(BUILT_IN)}")
            if not isinstance(rows, (FileRows, InlineRows)):
                reject(f'data {key!r}: write flow.rows("{key}.csv"), flow.rows([...]) or flow.payloads(strategy)')
        checked = checked_steps("Scenario.http()", steps)
        check_placeholders(checked, drawn)
        return FlowScenario(steps=checked, base_url=base_url, data=drawn, name=_name(name))


def _scripts_near(path: Path) -> list[Path]:
    return list(path.parent.glob("*.js"))[:5] if path.parent.is_dir() else []


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
