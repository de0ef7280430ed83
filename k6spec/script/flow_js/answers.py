"""Extraction and checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.declare.flow.answers import Check, Source
from k6spec.declare.flow.steps import Request
from k6spec.script.flow_js.builder import Builder
from k6spec.script.flow_js.expressions import json_value, literal

_RUNTIME: Final = "./runtime/flow_answer.js"
_OF_BODY: Final = frozenset({"json", "regex", "body"})


def reads_body(step: Request) -> bool:
    """Whether the step looks at the body, which a script of the same load may have k6 discard."""
    sources = [*step.extract.values(), *(check.source for check in step.check.values())]
    return any(source.kind in _OF_BODY for source in sources)


def checks(builder: Builder, step: Request) -> Iterator[str]:
    """The step's k6 checks, that of ``expect`` first."""
    listed = []
    if step.expect:
        listed.append((_label(f"{step.name} is {' or '.join(map(str, step.expect))}"), _status(step.expect)))
    listed += [(label, _condition(builder, check)) for label, check in step.check.items()]
    if not listed:
        return
    check = builder.use("check", "k6")
    if len(listed) == 1:
        label, condition = listed[0]
        yield f"{check}(response, {{ {_key(label)}: () => {condition} }});"
        return
    yield f"{check}(response, {{"
    for label, condition in listed:
        yield f"  {_key(label)}: () => {condition},"
    yield "});"


def extraction(builder: Builder, step: Request) -> Iterator[str]:
    """The values that the step takes out of the answer; a missing one ends the iteration."""
    for name, source in step.extract.items():
        need = builder.use("need", _RUNTIME)
        label = _label(f"{step.name} has {source}")
        yield f"values.{name} = {need}(response, {literal(label)}, {_read(builder, source)});"


def _condition(builder: Builder, check: Check) -> str:
    if check.operator == "one of":
        assert isinstance(check.value, tuple)
        return _status(check.value)
    found = _read(builder, check.source)
    if check.operator == "exists":
        return f"{builder.use('exists', _RUNTIME)}({found})"
    function = builder.use("equals" if check.operator == "equals" else "contains", _RUNTIME)
    return f"{function}({found}, {json_value(check.value)})"


def _read(builder: Builder, source: Source) -> str:
    function = builder.use(source.kind, _RUNTIME)
    if source.kind == "body":
        return f"{function}(response)"
    if source.kind == "regex":
        pattern = builder.constant("pattern", f"new RegExp({literal(source.argument)})")
        return f"{function}(response, {pattern})"
    return f"{function}(response, {literal(source.argument)})"


def _status(statuses: tuple[object, ...]) -> str:
    return f"[{', '.join(map(str, statuses))}].includes(response.status)"


def _label(text: str) -> str:
    """A check's name of our own making: k6 takes no ``::`` in one."""
    return text.replace("::", ": :")


def _key(label: str) -> str:
    return f"[{literal(label)}]" if label == "__proto__" else literal(label)
