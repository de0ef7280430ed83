"""Compiles a flow written in Python (:mod:`k6spec.declare.flow`) to readable k6 JavaScript.

Everything that comes from the declaration is embedded as a JSON literal, which is a JavaScript literal too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from k6spec.declare.flow import BUILT_IN, PLACEHOLDER, Json, Request, Think, json_texts
from k6spec.declare.location import reject
from k6spec.declare.scenario import FlowScenario

_BUILT_IN_JS: Final = {"vu": "exec.vu.idInTest", "iteration": "exec.vu.iterationInScenario"}
_FUNCTIONS: Final = {"DELETE": "del"}
_WITHOUT_BODY: Final = ("GET", "HEAD")


def compile_flow(flow: FlowScenario) -> str:
    """The flow as an ES module with a default function."""
    requests = [step for step in flow.steps if isinstance(step, Request)]
    used = {name for step in requests for name in _used(step)}
    values = ["__proto__: null", *(f"{name}: {_BUILT_IN_JS[name]}" for name in BUILT_IN if name in used)]
    lines = [
        "// A flow of the spec, compiled by k6spec.",
        "",
        "import http from 'k6/http';",
        *(["import exec from 'k6/execution';"] if used.intersection(BUILT_IN) else []),
        "import { check, sleep } from 'k6';",
        "import { address, extract, withQuery } from './runtime/flow.js';",
        "",
        f"const BASE_URL = {_literal(flow.base_url) if flow.base_url else '__ENV.BASE_URL'};",
        *(
            f"const expected{number} = http.expectedStatuses({', '.join(map(str, step.expect))});"
            for number, step in enumerate(flow.steps)
            if isinstance(step, Request) and step.expect
        ),
        "",
        "export default function () {",
        f"  const values = {{ {', '.join(values)} }};",
        *(["  let response;"] if requests else []),
    ]
    for number, step in enumerate(flow.steps):
        lines.append("")
        lines += [f"  {line}" for line in (_think(step) if isinstance(step, Think) else _request(number, step))]
    return "\n".join([*lines, "}", ""])


def _think(step: Think) -> list[str]:
    least, most = step.least.seconds, step.most.seconds
    if least == most:
        return [f"sleep({least});"]
    return [f"sleep({least} + Math.random() * {round(most - least, 9)});"]


def _request(number: int, step: Request) -> Iterator[str]:
    name = _literal(step.name)
    arguments = [_url(step)]
    if step.method not in _WITHOUT_BODY:
        arguments.append("null" if step.json is None else f"JSON.stringify({_value(step.json)})")
    arguments.append(f"{{ {', '.join(_params(number, step))} }}")
    yield f"// {name}"
    if step.json is not None and step.method in _WITHOUT_BODY:
        yield f"response = http.request({_literal(step.method)}, {_url(step)}, JSON.stringify({_value(step.json)}), {arguments[-1]});"
    else:
        yield f"response = http.{_FUNCTIONS.get(step.method, step.method.lower())}({', '.join(arguments)});"
    if step.expect:
        label = f"{step.name} is {' or '.join(map(str, step.expect))}"
        yield f"check(response, {{ [{_literal(label)}]: (answer) => {list(step.expect)}.includes(answer.status) }});"
    for key, selector in step.extract.items():
        yield f"values[{_literal(key)}] = extract(response, {name}, {_literal(selector)});"
        yield f"if (values[{_literal(key)}] === undefined) return;"


def _params(number: int, step: Request) -> Iterator[str]:
    headers = dict(step.headers)
    if step.json is not None and not any(key.lower() == "content-type" for key in headers):
        headers = {"Content-Type": "application/json", **headers}
    if headers:
        yield f"headers: {{ {', '.join(f'{_key(key)}: {_text(value)}' for key, value in headers.items())} }}"
    yield f"tags: {{ name: {_literal(step.name)} }}"
    if step.expect:
        yield f"responseCallback: expected{number}"
    if step.extract:
        yield "responseType: 'text'"  # another script of the load may discard bodies
    if step.timeout is not None:
        yield f"timeout: {step.timeout.ms}"


def _url(step: Request) -> str:
    url = f"address(BASE_URL, {_text(step.path, encode=True)})"
    if not step.query:
        return url
    query = ", ".join(f"{_key(key)}: {_text(value)}" for key, value in step.query.items())
    return f"withQuery({url}, {{ {query} }})"


def _text(text: str, *, encode: bool = False) -> str:
    """A JavaScript expression for a text with placeholders.

    ``encode``: values are encoded for a URL's path, but for one at the very beginning, which is an address.
    """
    parts = [
        value
        if literal is None
        else _literal(literal)
        for literal, value in _pieces(text, encode=encode)
    ]
    if not parts:
        return '""'
    return parts[0] if len(parts) == 1 and parts[0].startswith('"') else " + ".join(['""', *parts][_starts_with_text(parts):])


def _starts_with_text(parts: list[str]) -> int:
    return int(parts[0].startswith('"'))


def _pieces(text: str, *, encode: bool) -> Iterator[tuple[str | None, str]]:
    literal = ""
    end = 0
    for match in PLACEHOLDER.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        if match[1] is None:
            literal += match[0][0]
            continue
        if literal:
            yield literal, ""
            literal = ""
        value = f"values[{_literal(match[1])}]"
        yield None, f"encodeURIComponent({value})" if encode and match.start() > 0 else value
    literal += text[end:]
    if literal:
        yield literal, ""


def _value(value: Json) -> str:
    """A JSON body as a JavaScript expression; a text that is only a placeholder keeps the value's type."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        return f"values[{_literal(whole[1])}]" if whole and whole[1] else _text(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)}: {_value(item)}' for key, item in value.items())} }}" if value else "{}"
    return _literal(value)


def _key(key: str) -> str:
    return '["__proto__"]' if key == "__proto__" else _literal(key)


def _literal(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        reject(f"{value!r} cannot be sent as JSON: {error}")


def _used(step: Request) -> Iterator[str]:
    texts = [step.path, *step.headers.values(), *step.query.values(), *json_texts(step.json)]
    for text in texts:
        yield from (match[1] for match in PLACEHOLDER.finditer(text) if match[1])
