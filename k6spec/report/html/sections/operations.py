"""Requests and spans by operation, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from k6spec.report.figures.operations import MOST, RequestOperation, SpanOperation
from k6spec.report.html.page import text
from k6spec.report.html.sections.table import Cell, Column, table
from k6spec.report.html.visible import one_line, shorten
from k6spec.units import format_ns, format_ratio


def requests_section(operations: Sequence[RequestOperation]) -> str:
    """A row for each operation that k6 requested."""
    columns = [
        Column(head="Request"),
        *(Column(head=head, number=True) for head in ("Count", "Per second", "Failed")),
    ]
    columns += [Column(head=head, number=True) for head in ("p50", "p90", "p95", "p99", "Max")]
    rows = [
        [
            Cell(html=f"<bdi>{text(one.name) or '(no name)'}</bdi>", by=one.name),
            _count(one.count),
            Cell(html=f"{one.rate:,.1f}", by=one.rate),
            Cell(html=_failed(one.failed, one.count), by=one.failed, style="bad" if one.failed else "muted"),
            *(_time(value) for value in (one.p50, one.p90, one.p95, one.p99, one.most)),
        ]
        for one in operations
    ]
    return table(columns, rows, label="Requests by operation", key="requests-table")


def spans_section(operations: Sequence[SpanOperation], total: int, colours: Mapping[str, str]) -> str:
    """A row for each operation of the system; ``colours``: the CSS class of each service."""
    columns = (
        Column(head="Span"),
        Column(head="Kind"),
        Column(head="Count", number=True),
        Column(head="Per trace", number=True, note="Spans in each trace that has any"),
        Column(head="Errors", number=True),
        Column(
            head="Self time", number=True, note="Time in which no span below was open, added up over all spans"
        ),
        Column(head="Share", number=True, note="Of the self time of all spans: where the time of the run went"),
        Column(
            head="Critical path", number=True, note="Of the time on the critical paths: what requests waited for"
        ),
        Column(head="p50", number=True),
        Column(head="p95", number=True),
        Column(head="p99", number=True),
        Column(head="Max", number=True),
    )
    rows = [_span_row(one, colours) for one in operations]
    left = f'<p class="none">The {MOST:,} with the most self time, of {total:,}.</p>' if total > MOST else ""
    return table(columns, rows, label="Spans by operation", key="spans-table") + left


def _span_row(one: SpanOperation, colours: Mapping[str, str]) -> list[Cell]:
    statement = ""
    if one.statement:
        statement = f'<code class="statement">{escape(shorten(one_line(one.statement[:2000]), 200))}</code>'
    name = (
        f'<span class="operation-name {colours.get(one.service, "k6")}"><i class="swatch"></i>'
        f'<bdi class="muted">{text(one.service)}</bdi> <bdi>{text(one.name) or "(no name)"}</bdi></span>'
        f"{statement}"
    )
    return [
        Cell(html=name, by=f"{one.service} {one.name}"[:200].encode("ascii", "replace").decode()),
        Cell(html=text(one.kind), style="muted"),
        _count(one.count),
        Cell(html=f"{one.count / max(1, one.traces):,.1f}", by=one.count / max(1, one.traces)),
        Cell(html=_failed(one.errors, one.count), by=one.errors, style="bad" if one.errors else "muted"),
        _time(one.own),
        Cell(html=f"{_bar(one.share)}<span>{_share(one.share)}</span>", by=one.share, style="share"),
        Cell(html=_share(one.critical), by=one.critical),
        *(_time(value) for value in (one.p50, one.p95, one.p99, one.most)),
    ]


def _bar(share: float) -> str:
    return (
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="seen" width="{100 * share:.2f}" height="6"/></svg>'
    )


def _share(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{share * 100:.1f} %"


def _failed(failed: int, count: int) -> str:
    return f"{failed:,} ({format_ratio(failed / count)})" if failed else "0"


def _count(count: int) -> Cell:
    return Cell(html=f"{count:,}", by=count)


def _time(ns: float) -> Cell:
    return Cell(html=escape(format_ns(ns)), by=ns)
