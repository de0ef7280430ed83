"""The data of a flow: shared arrays, and which row each iteration draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.declare.flow.data import Data, FileRows, InlineRows
from k6spec.script.flow_js.builder import Builder
from k6spec.script.flow_js.expressions import literal

RUNTIME: Final = "./runtime/flow_data.js"
PAYLOAD_TAG: Final = "k6spec_payload"
"""The k6 tag of requests that send a payload of a pool: ``<pool's file without .json>:<index>``."""


def declarations(builder: Builder) -> Iterator[str]:
    """The constant ``data`` with a shared array for each name."""
    if not builder.data:
        return
    builder.use("SharedArray", "k6/data")
    yield "const data = {"
    for name, rows in builder.data.items():
        shared = literal(f"{builder.name}.{name}")
        yield f"  {name}: new SharedArray({shared}, () => {_read(builder, name, rows)}),"
    yield "};"


def draws(builder: Builder) -> Iterator[str]:
    """The constant ``drawn``: the index of each name's row in this iteration."""
    if not builder.data:
        return
    indexes = []
    for name, rows in builder.data.items():
        pick = builder.use(rows.pick, RUNTIME)
        named = f", {literal(name)}" if rows.pick == "unique" else ""
        indexes.append(f"{name}: {pick}(data.{name}{named})")
    yield f"const drawn = {{ {', '.join(indexes)} }};"


def payload_tag(builder: Builder, pool: str) -> str:
    """The value of :data:`PAYLOAD_TAG` as an expression."""
    return f"{literal(f'{builder.name}.{pool}:')} + drawn.{pool}"


def _read(builder: Builder, name: str, rows: Data) -> str:
    if isinstance(rows, InlineRows):
        return f"JSON.parse(open({builder.file(f'{name}.json', rows.text.encode())}))"
    source = f"open({literal(str(rows.path))})"
    if isinstance(rows, FileRows) and rows.columns:
        separator = "" if rows.delimiter == "," else f", {literal(rows.delimiter)}"
        return f"{builder.use('csv', RUNTIME)}({source}{separator})"
    return f"JSON.parse({source})"
