"""One request of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.declare.flow.auth import Basic, Bearer
from k6spec.declare.flow.bodies import File, FormBody, JsonBody, MultipartBody, TextBody
from k6spec.declare.flow.scope import pool_of, uses
from k6spec.declare.flow.steps import Request
from k6spec.declare.flow.template import BUILT_IN
from k6spec.script.flow_js.answers import checks, extraction, reads_body
from k6spec.script.flow_js.builder import Builder
from k6spec.script.flow_js.data import PAYLOAD_TAG, payload_tag
from k6spec.script.flow_js.expressions import json_value, literal, object_of, path, text, texts

RUNTIME: Final = "./runtime/flow.js"


def request(builder: Builder, step: Request) -> Iterator[str]:
    """The statements of a request: send, check, extract."""
    for use in uses(step):
        if use.placeholder.secret:
            builder.secrets.add(use.placeholder.name)
        elif use.placeholder.name in BUILT_IN:
            builder.values.add(use.placeholder.name)
    http = builder.use("http")
    yield f"// {literal(step.name)}"
    yield f"response = {http}.request({literal(step.method)},"
    yield f"  {_url(builder, step)},"
    yield f"  {_body(builder, step)}, {{"
    for line in _params(builder, step):
        yield f"    {line},"
    yield "  });"
    yield from checks(builder, step)
    yield from extraction(builder, step)


def _url(builder: Builder, step: Request) -> str:
    url = f"{builder.use('address', RUNTIME)}(BASE_URL, {path(step.path)})"
    return f"{builder.use('withQuery', RUNTIME)}({url}, {texts(step.query)})" if step.query else url


def _body(builder: Builder, step: Request) -> str:
    match step.body:
        case JsonBody(value=value):
            return f"JSON.stringify({json_value(value)})"
        case FormBody(fields=fields):
            return texts(fields)
        case MultipartBody(parts=parts):
            return object_of(
                {
                    name: text(part) if isinstance(part, str) else _file(builder, part)
                    for name, part in parts.items()
                }
            )
        case TextBody(text=template):
            return text(template)
    return "null"


def _file(builder: Builder, file: File) -> str:
    if file.path is None:
        number = sum(name.startswith(f"{builder.name}.file") for name in builder.files) + 1
        place = builder.file(f"file{number}.bin", file.content)
    else:
        place = literal(str(file.path))
    content = builder.constant("file", f"open({place}, 'b')")
    return f"{builder.use('http')}.file({content}, {literal(file.filename)}, {literal(file.content_type)})"


def _params(builder: Builder, step: Request) -> Iterator[str]:
    headers = _headers(builder, step)
    if headers:
        yield f"headers: {object_of(headers)}"
    if step.cookies:
        yield f"cookies: {texts(step.cookies)}"
    pool = pool_of(step, builder.data)
    tagged = f", {PAYLOAD_TAG}: {payload_tag(builder, pool)}" if pool else ""
    yield f"tags: {{ name: {literal(step.name)}{tagged} }}"
    if step.expect:
        statuses = f"{builder.use('http')}.expectedStatuses({', '.join(map(str, step.expect))})"
        yield f"responseCallback: {builder.constant('expect' + 'or'.join(map(str, step.expect)), statuses)}"
    if reads_body(step):
        yield "responseType: 'text'"  # another script of the load may discard bodies
    if step.timeout is not None:
        yield f"timeout: {step.timeout.ms}"
    if step.redirects is not None:
        yield f"redirects: {step.redirects}"


def _headers(builder: Builder, step: Request) -> dict[str, str]:
    headers = {name: text(value) for name, value in step.headers.items()}
    if not any(name.lower() == "content-type" for name in headers):
        if isinstance(step.body, JsonBody):
            headers["Content-Type"] = literal("application/json")
        elif isinstance(step.body, TextBody):
            headers["Content-Type"] = literal("text/plain; charset=utf-8")
    match step.auth:
        case Bearer(token=token):
            headers["Authorization"] = text("Bearer " + token)
        case Basic(user=user, password=password):
            headers["Authorization"] = (
                f'"Basic " + {builder.use("encoding")}.b64encode({text(user + ":" + password)})'
            )
    return headers
