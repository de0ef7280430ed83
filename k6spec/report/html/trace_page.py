"""One trace as one HTML file that needs nothing else: no server, no network, no library.

Whatever the system under test sent stays text: the page carries it as JSON in a script element that is never
executed, its script writes it with ``textContent`` only, and a Content-Security-Policy allows this page's own
script and style by their hashes and nothing besides.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from k6spec.report.html.payload import NAME_LENGTH, colours, payload
from k6spec.report.html.plain_list import plain_list
from k6spec.report.html.visible import shorten, visible_line
from k6spec.store.spans import CLIENT_SERVICE
from k6spec.units import format_ns

if TYPE_CHECKING:
    from collections.abc import Collection

    from k6spec.report.trace_tree import TraceTree

_SCRIPTS: Final = ("trace_format.js", "trace_details.js", "trace_rows.js", "trace.js")
_LEGEND: Final = 24


def trace_page(tree: TraceTree, *, title: str, highlight: Collection[str] = (), subtitle: str = "") -> str:
    """The page of one trace, to be written as UTF-8.

    Args:
        tree: the trace.
        title: heading and window title.
        highlight: ids (hex) of the spans that the page is about: marked, and brought into view.
        subtitle: a line under the heading, such as the claim that failed.
    """
    marked = {span_id.lower() for span_id in highlight}
    style = _resource("trace.css")
    script = "\n".join(_resource(name) for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{_text(title)}</title>
<style>{style}</style>
</head>
<body>
{_header(tree, title=title, subtitle=subtitle, marked=marked)}
<main id="trace">
<noscript>
{plain_list(tree, marked)}
</noscript>
</main>
<script type="application/json" id="trace-data">{_json(payload(tree, marked))}</script>
<script>{script}</script>
</body>
</html>
"""


def _header(tree: TraceTree, *, title: str, subtitle: str, marked: Collection[str]) -> str:
    offending = sum(node.span_id in marked for _, node in tree.walk())
    top = tree.roots[0]
    started = datetime.fromtimestamp(tree.start_ns / 1e9, UTC).isoformat(sep=" ", timespec="milliseconds")
    facts = [
        ("Operation", f"<bdi>{_text(tree.operation)}</bdi>"),
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
<h1>{_text(title)}</h1>
{f'<p class="subtitle">{_text(subtitle)}</p>' if subtitle else ""}
<p class="trace-id"><span>Trace</span> <code id="trace-id">{escape(tree.trace_id)}</code>
<button type="button" id="copy-trace-id" hidden>Copy</button></p>
<dl class="facts">{listed}</dl>
{_legend(tree)}
</header>"""


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
        f'<i class="swatch"></i><bdi>{_text(service)}</bdi></button></li>'
        for index, (service, colour) in enumerate(zip(tree.services, colours(tree.services), strict=True))
    ]
    more = len(entries) - _LEGEND
    if more > 0:
        entries[_LEGEND:] = [f"<li>and {more:,} more</li>"]
    return f'<ul class="legend" aria-label="Services">{"".join(entries)}</ul>'


def _text(text: str) -> str:
    return escape(shorten(visible_line(text[: NAME_LENGTH + 1]), NAME_LENGTH))


def _json(value: object) -> str:
    # With every "<" escaped, no text can end the script element or open a comment in it.
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _resource(name: str) -> str:
    return files("k6spec.report.html").joinpath(name).read_text("utf-8")
