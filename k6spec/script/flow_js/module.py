"""Compiles a flow written in Python (:mod:`k6spec.declare.flow`) to readable k6 JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from k6spec.declare.flow.template import BUILT_IN
from k6spec.declare.scenario import FlowScenario
from k6spec.script.flow_js.builder import Builder
from k6spec.script.flow_js.data import declarations, draws
from k6spec.script.flow_js.expressions import literal
from k6spec.script.flow_js.request import RUNTIME
from k6spec.script.flow_js.steps import indented, statements

_BUILT_IN: Final = {"vu": "exec.vu.idInTest", "iteration": "exec.vu.iterationInScenario"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowModule:
    """A flow as an ES module with a default function, and the files that stand beside it."""

    source: str
    files: dict[str, bytes]


def write_flow(flow: FlowScenario, folder: Path, name: str) -> None:
    """Writes a flow's module ``<name>.js`` with its files into the folder of a compiled script."""
    module = compile_flow(flow, name)
    (folder / f"{name}.js").write_text(module.source, encoding="utf-8")
    for file, content in module.files.items():
        (folder / file).write_bytes(content)


def compile_flow(flow: FlowScenario, name: str) -> FlowModule:
    """The module of a flow. ``name``: the module's, without ``.js``; its files begin with it."""
    builder = Builder(name, flow.data)
    journey = builder.use("journey", RUNTIME)
    body = [*indented(statements(builder, flow.steps))]
    head = [*indented(_head(builder))]
    constants = [*_constants(builder, flow)]
    lines = [
        "// A flow of a spec, compiled by k6spec.",
        "",
        *builder.imports(),
        "",
        *constants,
        "",
        f"export default {journey}(() => {{",
        *head,
        "",
        *body,
        "});",
        "",
    ]
    return FlowModule(source="\n".join(lines), files=builder.files)


def _constants(builder: Builder, flow: FlowScenario) -> Iterator[str]:
    yield f"const BASE_URL = {literal(flow.base_url) if flow.base_url else '__ENV.BASE_URL'};"
    if builder.secrets:
        names = sorted(builder.secrets)
        secret = builder.use("secret", RUNTIME)
        yield f"const secrets = {{ {', '.join(f'{name}: {secret}({literal(name)})' for name in names)} }};"
    yield from (f"const {name} = {expression};" for name, expression in builder.constants.items())
    yield from declarations(builder)


def _head(builder: Builder) -> Iterator[str]:
    if builder.paced:
        yield "const started = Date.now();"
    yield from draws(builder)
    values = ["__proto__: null"]
    for name in BUILT_IN:
        if name in builder.values:
            builder.use("exec")
            values.append(f"{name}: {_BUILT_IN[name]}")
    values += [f"{name}: data.{name}[drawn.{name}]" for name in builder.data]
    if builder.data:
        yield from ("const values = {", *(f"  {value}," for value in values), "};")
    else:
        yield f"const values = {{ {', '.join(values)} }};"
    yield "let response;"
