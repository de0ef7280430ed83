"""Compiles a flow written in Python (:mod:`k6spec.declare.flow`) to readable k6 JavaScript.

Everything that comes from the declaration is embedded as a JSON literal, which is a JavaScript literal too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from k6spec.declare.flow import BUILT_IN, PLACEHOLDER, Json, Request, Think, json_texts
from k6spec.declare.location import reject
from k6spec.declare.scenario import FlowScenario

_BUILT_IN_JS: Final = {"vu": "exec.vu.idInTest", "iteration": "exec.vu.iterationInScenario"}


def compile_flow(flow: FlowScenario) -> str:
    """The flow as an ES module with a default function.

    Raises:
        DeclarationError: a body holds a value that JSON can't.
    """
    requests = [step for step in flow.steps if isinstance(step, Request)]
    used = {name for step in requests for name in _placeholders(step)}
    values = ["__proto__: null", *(f"{name}: {_BUILT_IN_JS[name]}" for name in BUILT_IN if name in used)]
    lines = [
        "// A flow of a spec, compiled by k6spec.",
        "",
        "import http from 'k6/http';",
        "import exec from 'k6/execution';",
        "import { check, sleep } from 'k6';",
        "import { address, extract, withQuery } from './runtime/flow.js';",
        "",
        f"const BASE_URL = {_literal(flow.base_url) if flow.base_url else '__ENV.BASE_URL'};",
    ]
    lines += [
        f"const expected{number} = http.expectedStatuses({', '.join(map(str, step.expect))});"
        for number, step in enumerate(flow.steps)
        if isinstance(step, Request) and step.expect
    ]
    lines += ["", "export default function () {", f"  const values = {{ {', '.join(values)} }};"]
    if requests:
        lines.append("  let response;")
    for number, step in enumerate(flow.steps):
        statements = _think(step) if isinstance(step, Think) else _request(number, step)
        lines += ["", *(f"  {line}" for line in statements)]
    return "\n".join([*lines, "}", ""])


def _think(step: Think) -> Iterator[str]:
    least, more = step.least.seconds, (step.most.ns - step.least.ns) / 1e9
    yield f"sleep({least} + Math.random() * {more});" if more else f"sleep({least});"


def _request(number: int, step: Request) -> Iterator[str]:
    name = _literal(step.name)
    yield f"// {name}"
    yield f"response = http.request({_literal(step.method)},"
    yield f"  {_url(step)},"
    yield f"  {_body(step)}, {{"
    for line in _params(number, step):
        yield f"    {line},"
    yield "  });"
    if step.expect:
        label = _literal(f"{step.name} is {' or '.join(map(str, step.expect))}")
        statuses = json.dumps(step.expect)
        yield f"check(response, {{ {label}: (answer) => {statuses}.includes(answer.status) }});"
    for key, selector in step.extract.items():
        yield f"values.{key} = extract(response, {name}, {_literal(selector)});"
        yield f"if (values.{key} === undefined) return;"


def _params(number: int, step: Request) -> Iterator[str]:
    headers = dict(step.headers)
    if step.json is not None and not any(key.lower() == "content-type" for key in headers):
        headers["Content-Type"] = "application/json"
    if headers:
        yield f"headers: {_object({key: _text(value) for key, value in headers.items()})}"
    yield f"tags: {{ name: {_literal(step.name)} }}"
    if step.expect:
        yield f"responseCallback: expected{number}"
    if step.extract:
        yield "responseType: 'text'"  # another script of the load may discard bodies
    if step.timeout is not None:
        yield f"timeout: {step.timeout.ms}"


def _url(step: Request) -> str:
    url = f"address(BASE_URL, {_text(step.path, in_path=True)})"
    if not step.query:
        return url
    return f"withQuery({url}, {_object({key: _text(value) for key, value in step.query.items()})})"


def _body(step: Request) -> str:
    return "null" if step.json is None else f"JSON.stringify({_value(step.json)})"


def _value(value: Json) -> str:
    """A JSON body as a JavaScript expression; a text that is only a placeholder keeps the value's type."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        return f"values.{whole[1]}" if whole and whole[1] else _text(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, dict):
        return _object({key: _value(item) for key, item in value.items()})
    return _literal(value)


def _text(text: str, *, in_path: bool = False) -> str:
    """A text with placeholders as a JavaScript expression.

    ``in_path``: values are encoded, but for one at the very beginning, which is an address.
    """
    parts: list[str] = []
    literal = ""
    end = 0
    for match in PLACEHOLDER.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        if match[1] is None:  # {{ or }}
            literal += match[0][0]
            continue
        # The first operand must be a text, for + to join.
        if literal or not parts:
            parts.append(_literal(literal))
        literal = ""
        value = f"values.{match[1]}"
        parts.append(f"encodeURIComponent({value})" if in_path and match.start() else value)
    literal += text[end:]
    if literal or not parts:
        parts.append(_literal(literal))
    return " + ".join(parts)


def _object(items: Mapping[str, str]) -> str:
    """An object literal. A plain ``__proto__`` key in one would set the prototype."""
    pairs = (
        f"{'[' + _literal(key) + ']' if key == '__proto__' else _literal(key)}: {value}"
        for key, value in items.items()
    )
    return f"{{ {', '.join(pairs)} }}" if items else "{}"


def _literal(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        reject(f"{value!r} cannot be sent as JSON: {error}")


def _placeholders(step: Request) -> Iterator[str]:
    for text in (step.path, *step.headers.values(), *step.query.values(), *json_texts(step.json)):
        yield from (match[1] for match in PLACEHOLDER.finditer(text) if match[1])
