"""The trace as a plain table, for browsers without JavaScript."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from k6spec.report.html.page import text
from k6spec.report.html.payload import STATEMENT_LENGTH
from k6spec.report.html.visible import one_line, shorten
from k6spec.units import format_ns

if TYPE_CHECKING:
    from collections.abc import Collection

    from k6spec.report.trace_tree import SpanNode, TraceTree

_MAX_INDENT: Final = 24


def plain_list(tree: TraceTree, highlight: Collection[str]) -> str:
    """An HTML table with a row for each span: offset, duration, service and what it did."""
    rows = "\n".join(
        f"<tr{' class=marked' if node.span_id in highlight else ''}>"
        f"<td>{escape(format_ns(node.start_ns - tree.start_ns))}</td>"
        f"<td>{escape(format_ns(node.duration_ns))}</td>"
        f"<td>{text(node.service)}</td>"
        f"<td>{'· ' * min(depth, _MAX_INDENT)}{_what(node, marked=node.span_id in highlight)}</td></tr>"
        for depth, node in tree.walk()
    )
    return (
        "<p>Details, filter and the drawing need JavaScript; these are the spans.</p>\n"
        '<table class="plain"><thead><tr><th scope="col">Start</th><th scope="col">Duration</th>'
        '<th scope="col">Service</th><th scope="col">Span</th></tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table>"
    )


def _what(node: SpanNode, *, marked: bool) -> str:
    parts = [text(node.name)]
    if marked:
        parts.append("<strong>offending</strong>")
    if node.failed:
        parts.append(f"<strong>error</strong> {text(node.status_message)}")
    if node.statement:
        statement = shorten(one_line(node.statement[: 4 * STATEMENT_LENGTH]), STATEMENT_LENGTH)
        parts.append(f"<code>{escape(statement)}</code>")
    return " ".join(parts)
