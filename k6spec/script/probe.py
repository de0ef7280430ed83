"""A module that has a script's own options and functions, and nothing of ours: what k6 makes of a script alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from k6spec.declare.load import Load
from k6spec.declare.profile import ConstantVUs
from k6spec.declare.scenario import ScriptScenario
from k6spec.script.adapt import adapt
from k6spec.script.compiler import CompiledScript, compile_load
from k6spec.units import seconds

_STAND_IN: Final = ConstantVUs(vus=1, duration=seconds(1))
_SOURCE: Final = """\
import './runtime/http.js';
import * as script from {specifier};
export * from {specifier};
export default script.default;
const own = script.options || {{}};
// As `k6 run` has it, and `k6 inspect` has not.
const one = (own.iterations || own.duration) && (own.vus === undefined || own.vus === null);
export const options = one ? {{ ...own, vus: 1 }} : own;
"""


def write_probe(load: Load, scenario: ScriptScenario, *, base_url: str, out: Path) -> CompiledScript:
    """Writes the probe of a load's script into the folder ``out``; with the environment that the load gives it."""
    parts = tuple(replace(part, profile=_STAND_IN) for part in load.parts)
    compiled = compile_load(replace(load, parts=parts), run_key=b"look", base_url=base_url, out=out)
    specifier = json.dumps(adapt([scenario.path], out).specifiers[scenario.path])
    probe = out / "probe.js"
    probe.write_text(_SOURCE.format(specifier=specifier), encoding="utf-8")
    return CompiledScript(entry=probe, env=compiled.env)
