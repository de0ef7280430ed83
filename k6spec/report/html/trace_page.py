"""One trace as one HTML file."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final

from k6spec.report.html.page import page, resource, text
from k6spec.report.html.payload import colours, payload
from k6spec.report.html.plain_list import plain_list
from k6spec.store.spans import CLIENT_SERVICE
from k6spec.units import format_ns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from k6spec.report.trace_tree import TraceTree

WATERFALL: Final = ("trace_format.js", "trace_details.js", "trace_rows.js", "waterfall.js")
"""The scripts that define ``waterfall``."""

_LEGEND: Final = 24
_LINES: Final = 5


def trace_page(tree: TraceTree, *, title: str, highlight: Collection[str] = (), about: Sequence[str] = ()) -> str:
    """The page of one trace, to be written as UTF-8.

    Args:
        tree: the trace.
        title: heading and window title.
        highlight: ids (hex) of the spans that the page is about: marked, and brought into view.
        about: lines under the heading, such as the claims that point to it.
    """
    marked = {span_id.lower() for span_id in highlight}
    body = f"""{_header(tree, title=title, about=about, marked=marked)}
<main id="trace">
<noscript>
{plain_list(tree, marked)}
</noscript>
</main>"""
    return page(
        title=title,
        style=resource("tokens.css", "waterfall.css", "trace.css"),
        scripts=[resource(*WATERFALL, "trace.js")],
        body=body,
        data=payload(tree, marked),
        data_id="trace-data",
    )


def _header(tree: TraceTree, *, title: str, about: Sequence[str], marked: Collection[str]) -> str:
    offending = sum(node.span_id in marked for _, node in tree.walk())
    top = tree.roots[0]
    started = datetime.fromtimestamp(tree.start_ns / 1e9, UTC).isoformat(sep=" ", timespec="milliseconds")
    facts = [
        ("Operation", f"<bdi>{text(tree.operation)}</bdi>"),
        *([("Request", escape(format_ns(top.duration_ns)))] if top.service == CLIENT_SERVICE else []),
        ("Whole trace", escape(format_ns(tree.duration_ns))),
        ("Spans", f"{tree.span_count:,}"),
        ("Services", f"{len(tree.services):,}"),
        ("Errors", _jump("error", tree.error_count)),
        *([("Offending", _jump("marked", offending))] if offending else []),
        ("Started", f'<time datetime="{started}">{started.removesuffix("+00:00")} UTC</time>'),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f"""<header>
<h1>{text(title)}</h1>
{"".join(f'<p class="subtitle">{text(line)}</p>' for line in _first(about))}
<p class="trace-id"><span>Trace</span> <code id="trace-id">{escape(tree.trace_id)}</code>
<button type="button" id="copy-trace-id" hidden>Copy</button></p>
<dl class="facts">{listed}</dl>
{_legend(tree)}
</header>"""


def _first(about: Sequence[str]) -> list[str]:
    more = len(about) - _LINES
    return [*about[:_LINES], *([f"and {more:,} more"] if more > 0 else [])]


def _jump(kind: str, count: int) -> str:
    if not count:
        return "0"
    return (
        f'<button type="button" class="jump {kind}" data-jump="{kind}" title="Go to the next one">'
        f"{count:,}</button>"
    )


def _legend(tree: TraceTree) -> str:
    entries = [
        f'<li><button type="button" class="{colour}" data-service="{index}" title="Show only this service">'
        f'<i class="swatch"></i><bdi>{text(service)}</bdi></button></li>'
        for index, (service, colour) in enumerate(zip(tree.services, colours(tree.services), strict=True))
    ]
    more = len(entries) - _LEGEND
    if more > 0:
        entries[_LEGEND:] = [f"<li>and {more:,} more</li>"]
    return f'<ul class="legend" aria-label="Services">{"".join(entries)}</ul>'
