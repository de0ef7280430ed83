"""Which placeholders a step may use: what earlier steps extracted, the flow's data, and what is always there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from k6spec.declare.flow.auth import Basic, Bearer
from k6spec.declare.flow.bodies import FormBody, JsonBody, MultipartBody, TextBody
from k6spec.declare.flow.data import Data, InlineRows, problem
from k6spec.declare.flow.steps import Choose, Group, Repeat, Request, Step
from k6spec.declare.flow.template import BUILT_IN, Placeholder, json_texts, parse, placeholders
from k6spec.declare.location import reject


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A placeholder of a request. ``whole``: it stands for a whole JSON value. ``address``: it is in the URL."""

    placeholder: Placeholder
    whole: bool = False
    address: bool = False


def check_placeholders(steps: Sequence[Step], data: Mapping[str, Data]) -> None:
    """Raises a DeclarationError for a placeholder that can't be filled in where it stands."""
    _after(steps, frozenset({*BUILT_IN, *data}), data)


def uses(step: Request) -> Iterator[Use]:
    """Every placeholder of a request, in its body and its checks as well."""
    for text in (step.path, *step.query.values()):
        yield from (Use(placeholder=found, address=True) for found in placeholders(text))
    for text in (*step.headers.values(), *step.cookies.values(), *_auth_texts(step)):
        yield from (Use(placeholder=found) for found in placeholders(text))
    match step.body:
        case JsonBody(value=value):
            for text in json_texts(value):
                yield from _in_json(text)
        case FormBody(fields=fields):
            for text in fields.values():
                yield from (Use(placeholder=found) for found in placeholders(text))
        case MultipartBody(parts=parts):
            for part in parts.values():
                if isinstance(part, str):
                    yield from (Use(placeholder=found) for found in placeholders(part))
        case TextBody(text=text):
            yield from (Use(placeholder=found) for found in placeholders(text))
    for check in step.check.values():
        for text in json_texts(check.value):
            yield from _in_json(text)


def pool_of(step: Request, data: Mapping[str, Data]) -> str | None:
    """The name of the pool of payloads that a request sends from."""
    for use in uses(step):
        found = data.get(use.placeholder.name)
        if isinstance(found, InlineRows) and found.pool and not use.placeholder.secret:
            return use.placeholder.name
    return None


def _after(steps: Sequence[Step], known: frozenset[str], data: Mapping[str, Data]) -> frozenset[str]:
    """What is known after these steps."""
    for step in steps:
        match step:
            case Request():
                _check_request(step, known, data)
                known |= set(step.extract)
            case Group(steps=inner) | Repeat(steps=inner):
                known = _after(inner, known, data)
            case Choose(branches=branches):
                known = frozenset.intersection(*(_after(branch.steps, known, data) for branch in branches))
    return known


def _check_request(step: Request, known: frozenset[str], data: Mapping[str, Data]) -> None:
    pools = set()
    for use in uses(step):
        found = use.placeholder
        if found.secret:
            if use.address:
                reject(f"{step.name}: a secret in an address ends up in logs and spans; send it in a header")
            continue
        if found.name not in known:
            reject(
                f"{step.name}: {found} is not known here; known are {', '.join(sorted(known))} "
                "(extract it in an earlier step, give it as data, or write {{ for a brace)"
            )
        rows = data.get(found.name)
        if rows is None and found.path:
            reject(f"{step.name}: {found}: only data has fields; extract the field itself")
        if rows is not None and (wrong := problem(found.name, rows, found.path, whole=use.whole)):
            reject(f"{step.name}: {found}: {wrong}")
        if isinstance(rows, InlineRows) and rows.pool:
            pools.add(found.name)
    for name in step.extract:
        if name in data:
            reject(f"{step.name}: extract {name!r}: data has this name already; use another")
    if len(pools) > 1:
        reject(
            f"{step.name} sends from several pools of payloads, {' and '.join(sorted(pools))}, and a request can "
            "name one payload only; join the strategies to one, as with st.fixed_dictionaries"
        )


def _in_json(text: str) -> Iterator[Use]:
    parts = parse(text)
    for found in parts:
        if isinstance(found, Placeholder):
            yield Use(placeholder=found, whole=len(parts) == 1)


def _auth_texts(step: Request) -> tuple[str, ...]:
    match step.auth:
        case Basic(user=user, password=password):
            return (user, password)
        case Bearer(token=token):
            return (token,)
    return ()
