"""Compiles a declared load into the JavaScript that k6 runs.

The folder then holds an entry module, its settings, the runtime (``runtime/*.js``) and the flows, all written to
be read by people. The user's scripts stay where they are, but for copies of those that :mod:`k6spec.script.adapt`
must give other imports.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, final

from k6spec.declare.load import Load, Part
from k6spec.declare.scenario import FlowScenario, ScriptScenario
from k6spec.script.adapt import Adapted, adapt
from k6spec.script.blocked import PUBLIC_RANGES
from k6spec.script.flow_js.module import write_flow
from k6spec.script.options import exec_name, runtime_settings, scenarios, script_env, stops

_RUNTIME: Final = Path(__file__).with_name("runtime")

Mark: TypeAlias = Literal["load", "preflight"]
"""What ``k6spec`` is in the ``tracestate`` of a request: part of the load, or of the few before it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledScript:
    """What ``k6 run`` takes: the entry module, and environment variables that become ``__ENV``.

    Attributes:
        blocked: address ranges that k6 must not connect to, which the entry module's options name as well.
        fetches: k6 must get modules or extensions of the scripts from elsewhere.
    """

    entry: Path
    env: dict[str, str] = field(repr=False)
    blocked: tuple[str, ...] = ()
    fetches: bool = False

    @property
    def config(self) -> Path:
        """What k6 takes for the user's ``config.json``: nothing is in it."""
        return self.entry.with_name("config.json")


def compile_load(
    load: Load, *, run_key: bytes, base_url: str, out: Path, mark: Mark = "load", only_private: bool = False
) -> CompiledScript:
    """Writes the JavaScript of a load into the folder ``out``.

    Args:
        run_key: 4 bytes that every trace id of this run holds.
        base_url: of the system under test; scripts read it as ``__ENV.BASE_URL``.
        only_private: k6 connects to loopback and private addresses only.

    Raises:
        ValueError: the run's key isn't 4 bytes long, or is zero.
        DeclarationError: a flow or ``propagate_to`` can't be compiled.
    """
    if len(run_key) != 4 or not any(run_key):
        raise ValueError(f"run_key={run_key!r}: give 4 bytes that are not all zero")
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(_RUNTIME, out / "runtime", dirs_exist_ok=True)
    scripts = [part.scenario.path for part in load.parts if isinstance(part.scenario, ScriptScenario)]
    adapted = adapt(scripts, out)
    settings = {
        "runKey": run_key.hex(),
        "mark": mark,
        **runtime_settings(load, base_url),
        "blockedIPs": PUBLIC_RANGES if only_private else [],
        "copies": [{"folder": str(copy.folder), "script": str(copy.script)} for copy in adapted.copies],
    }
    _write(out / "settings.js", f"export const settings = {json.dumps(settings, indent=2)};\n")
    modules = _modules(load, out, adapted)
    _write(out / "config.json", "{}\n")
    entry = out / "entry.js"
    _write(entry, _entry(load, modules, adapted))
    return CompiledScript(
        entry=entry,
        env={"BASE_URL": base_url, **script_env(load)},
        blocked=tuple(PUBLIC_RANGES) if only_private else (),
        fetches=adapted.fetches,
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """A module with functions to run. ``script``: its number among the user's own, None for a flow."""

    name: str
    specifier: str
    shown: str
    script: int | None


def _modules(load: Load, out: Path, adapted: Adapted) -> list[_Module]:
    """The module of each part; parts with the same script share one."""
    scripts: dict[Path, _Module] = {}
    modules = []
    for number, part in enumerate(load.parts):
        if isinstance(part.scenario, ScriptScenario):
            path = part.scenario.path
            module = scripts.setdefault(
                path,
                _Module(
                    name=f"script{len(scripts)}",
                    specifier=adapted.specifiers[path],
                    shown=path.name,
                    script=len(scripts),
                ),
            )
        else:
            module = _Module(name=f"flow_{number}", specifier=f"./flow_{number}.js", shown=part.name, script=None)
            write_flow(part.scenario, out, module.name)
        modules.append(module)
    return modules


def _entry(load: Load, modules: list[_Module], adapted: Adapted) -> str:
    distinct = list(dict.fromkeys(modules))
    scripts = [module for module in distinct if module.script is not None]
    lines = [
        "// The entry module of a k6spec run; written by k6spec.",
        "",
        "import './runtime/http.js'; // first: gives the requests of all modules below trace context",
        *_further_runtime(load, adapted),
        "import { options as merged } from './runtime/options.js';",
        "import { scenario } from './runtime/scenario.js';",
    ]
    if len(scripts) > 1:
        lines.append("import { setups, summaries, teardowns } from './runtime/setup.js';")
    lines += [f"import * as {module.name} from {json.dumps(module.specifier)};" for module in distinct]
    # setup, teardown and handleSummary, where a script has them: k6 accepts functions only, so what isn't
    # there must not be exported.
    lines += ["", *(f"export * from {json.dumps(module.specifier)};" for module in scripts)]
    names = ", ".join(module.name for module in scripts)
    if len(scripts) > 1:
        lines.append(f"export const setup = setups([{names}]);")
        lines.append(f"export const teardown = teardowns([{names}]);")
        if "handleSummary" in adapted.uses:
            lines.append(f"export const handleSummary = summaries([{names}]);")
    own = [scenarios(load), *([early] if (early := stops(load)) else [])]
    told = ", ".join(json.dumps(options, indent=2) for options in own)
    options = f"merged([{names}], {told})"
    if "k6/browser" in adapted.uses:
        options = f"withBrowsers({options}, {_functions(load, modules)})"
    lines += ["", f"export const options = {options};"]
    for number, (part, module) in enumerate(zip(load.parts, modules, strict=True)):
        lines += ["", *_function(number, part, module, several=len(scripts) > 1)]
    return "\n".join(lines) + "\n"


def _further_runtime(load: Load, adapted: Adapted) -> list[str]:
    """Modules that only some loads need: each takes some ten kilobytes in every VU."""
    lines = []
    if load.trace_per != "request":
        lines.append("import './runtime/journeys.js'; // requests that share a trace")
    if not adapted.uses.isdisjoint({"submitForm", "clickLink"}):
        lines.append("import './runtime/forms.js'; // Response.submitForm() and clickLink()")
    if adapted.copies:
        lines.append("import './runtime/files.js'; // open() in copies of scripts")
    if "k6/ws" in adapted.uses:
        lines.append("import './runtime/ws.js'; // the same for k6/ws")
    if "k6/browser" in adapted.uses:
        lines.append("import { withBrowsers } from './runtime/browsers.js';")
    return lines


def _functions(load: Load, modules: list[_Module]) -> str:
    """An object of scenario name -> the script's module and the function that it runs."""
    named = (
        f"{json.dumps(part.name)}: [{module.name}, {json.dumps(part.scenario.exec)}]"
        for part, module in zip(load.parts, modules, strict=True)
        if isinstance(part.scenario, ScriptScenario)
    )
    return f"{{ {', '.join(named)} }}"


def _function(number: int, part: Part, module: _Module, *, several: bool) -> list[str]:
    exec_ = "default" if isinstance(part.scenario, FlowScenario) else part.scenario.exec
    data = (
        f"(data) => data && data[{module.script}]" if several and module.script is not None else "(data) => data"
    )
    return [
        f"export const {exec_name(number)} = scenario({{",
        f"  module: {module.name},",
        f"  path: {json.dumps(module.shown)},",
        f"  exec: {json.dumps(exec_)},",
        f"  scenario: {json.dumps(part.name)},",
        f"  data: {data},",
        "});",
    ]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
