"""The report of a run as one HTML file: claims with what is behind them, charts, tables, waterfalls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from k6spec.query.success import FAILED
from k6spec.report.figures.earlier import EarlierRuns
from k6spec.report.figures.k6_summary import checks, metrics
from k6spec.report.figures.operations import SpanOperation, request_operations, span_operations
from k6spec.report.figures.timeline import Slices, slices, timeline
from k6spec.report.figures.traces import Chosen
from k6spec.report.html.page import page, resource, text
from k6spec.report.html.payload import colours, payload
from k6spec.report.html.sections.about import about_section
from k6spec.report.html.sections.claims import claims_section
from k6spec.report.html.sections.earlier import earlier_section
from k6spec.report.html.sections.k6_end import k6_section
from k6spec.report.html.sections.operations import requests_section, spans_section
from k6spec.report.html.trace_page import WATERFALL
from k6spec.report.judged import OUTCOMES, counts_of, latest, told, worst_of
from k6spec.report.load_words import described_load
from k6spec.run import Run
from k6spec.units import counted, format_ns, format_ratio

_LIBRARY: Final = ("vendor/uplot/LICENSE", "vendor/uplot/uPlot.iife.min.js", "vendor/uplot/uPlot.min.css")
_SCRIPTS: Final = ("report_charts.js", "report_heat.js", "report_lanes.js", "report_tables.js", "report.js")
_LINKS: Final = (
    ("claims", "Claims"),
    ("load", "Over time"),
    ("requests", "Requests"),
    ("earlier", "Earlier runs"),
    ("spans", "Spans"),
    ("traces", "Traces"),
    ("k6", "k6"),
    ("about", "Environment"),
)


def report_page(run: Run, traces: Sequence[Chosen], earlier: EarlierRuns, remarks: Sequence[str]) -> str:
    """The page, to be written as UTF-8.

    Args:
        run: it has ended and was archived whole.
        traces: those that it shows; of those on pages of their own it has links.
        earlier: the run beside earlier ones.
        remarks: what is worth knowing of the run beside its verdicts.
    """
    database, info = run.database, run.folder.info()
    verdicts = latest(info["verdicts"])
    over = slices(database)
    spans, total = span_operations(database)
    services = _colours(spans)
    body = f"""{_header(run, info, verdicts)}
{_navigation(over)}
<main>
<section id="claims" aria-label="Claims">
{claims_section(verdicts, {chosen.tree.trace_id for chosen in traces})}
</section>
{_charts(over)}
<section id="requests"><h2>Requests</h2>
{requests_section(request_operations(database))}
</section>
<section id="earlier"><h2>Against {"the base version" if earlier.turns else "earlier runs"}</h2>
{earlier_section(earlier)}
</section>
<section id="spans"><h2>Spans <small>k6's own included: what lies outside of the system's spans</small></h2>
<div id="spans-filter"></div>
{spans_section(spans, total, services)}
</section>
<section id="traces"><h2>Traces <small>those that claims point to, and the slowest requests</small></h2>
<noscript><p>Waterfalls need JavaScript; the pages in traces/ beside this file do without.</p></noscript>
<div id="trace-list"></div>
<div id="waterfall"></div>
</section>
<section id="k6"><h2>What k6 says</h2>
{k6_section(info.get("k6", {}).get("thresholds", ()), checks(database), metrics(run.folder.path, database))}
</section>
<section id="about"><h2>Evidence and environment</h2>
{about_section(info, remarks)}
</section>
</main>
<footer>Made by k6spec {text(str(info["versions"]["k6spec"]))}. Charts: uPlot, MIT licence.</footer>"""
    licence, library, library_style = (resource(name) for name in _LIBRARY)
    return page(
        title=f"{_verdict_in_words(verdicts)} · {_spec(info)}",
        style="\n".join([library_style, resource("tokens.css", "waterfall.css", "report.css")]),
        scripts=[f"/*!\n{licence}\n*/\n{library}", resource(*WATERFALL, *_SCRIPTS)],
        body=body,
        data={
            "timeline": None if over is None else timeline(database, over),
            "claims": [] if over is None else _windows(verdicts, over),
            "traces": [_trace(chosen, over) for chosen in traces],
        },
        data_id="report-data",
    )


def _header(run: Run, info: Mapping[str, Any], verdicts: Sequence[Mapping[str, Any]]) -> str:
    count, failed, seconds, p50, p95, most = run.database.rows(
        f"""SELECT count(*), count(*) FILTER ({FAILED}), greatest(max(end_ns) - min(start_ns), 1) / 1e9,
        quantile_cont(duration_ns, 0.5), quantile_cont(duration_ns, 0.95), max(duration_ns)
        FROM requests WHERE scenario IS NOT NULL"""
    )[0]
    ledger = run.ledger
    facts = [("Requests", f"{count:,}")]
    if count:
        facts += [
            ("Per second", f"{count / seconds:,.1f}"),
            ("Failed", format_ratio(failed / count)),
            ("p50", format_ns(p50)),
            ("p95", format_ns(p95)),
            ("Max", format_ns(most)),
            ("Load time", f"{seconds:,.1f} s"),
        ]
    facts += [("Complete traces", f"{ledger.traces_complete:,} of {ledger.traces_expected:,}")]
    facts += [("Spans", f"{ledger.spans_received:,}"), ("Dropped", f"{ledger.spans_dropped:,}")]
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    load = "; ".join(f"{name} ({profile})" for name, profile in described_load(info))
    started = datetime.fromisoformat(info["started"]).strftime("%Y-%m-%d %H:%M:%S UTC")
    outcome = worst_of(verdicts) or "none"
    return f"""<header class="top {outcome}">
<h1>{escape(_verdict_in_words(verdicts))}</h1>
<p class="what"><bdi>{text(_spec(info))}</bdi> <span>{started}</span> <span>{text(run.id)}</span></p>
<p class="what load"><bdi>{text(load)}</bdi> <span>against {text(str(info["environment"]["base_url"]))}</span></p>
<dl class="facts">{listed}</dl>
</header>"""


def _verdict_in_words(verdicts: Sequence[Mapping[str, Any]]) -> str:
    if not verdicts:
        return "Nothing judged"
    counts = counts_of(verdicts)
    total = counted(len(verdicts), "claim")
    if counts["passed"] == len(verdicts):
        return f"{total} passed" if len(verdicts) == 1 else f"All {total} passed"
    missed = ("failed", "inconclusive") if counts["failed"] or counts["inconclusive"] else ("passed", "skipped")
    return f"{', '.join(told(counts, outcome) for outcome in missed if counts[outcome])} of {total}"


def _spec(info: Mapping[str, Any]) -> str:
    return str(info.get("spec") or "a load").rpartition(":")[0] or str(info.get("spec"))


def _navigation(over: Slices | None) -> str:
    links = "".join(f'<a href="#{key}">{name}</a>' for key, name in _LINKS if over is not None or key != "load")
    return f'<nav aria-label="Parts of the report">{links}</nav>'


def _charts(over: Slices | None) -> str:
    if over is None:
        return ""
    return f"""<section id="load"><h2>Over time <small>slices of {format_ns(over.step)}, by when requests
began</small></h2>
<noscript><p>Charts need JavaScript; the tables below do without.</p></noscript>
<div id="charts"></div>
</section>"""


def _windows(verdicts: Sequence[Mapping[str, Any]], over: Slices) -> list[dict[str, Any]]:
    """Where each claim's requests lie, in seconds of the time axis."""
    whole = [(over.begin, over.begin + over.step * over.count)]
    ordered = sorted(enumerate(verdicts), key=lambda one: OUTCOMES.index(one[1]["outcome"]))
    return [
        {
            "id": number,
            "claim": str(verdict["claim"])[:300],
            "outcome": verdict["outcome"],
            "partly": verdict.get("windows") is not None,
            "windows": [
                [(low - over.begin) / 1e9, (high - over.begin) / 1e9]
                for low, high in (whole if verdict.get("windows") is None else verdict["windows"])
            ],
        }
        for number, verdict in ordered
    ]


def _trace(chosen: Chosen, over: Slices | None) -> dict[str, Any]:
    tree = chosen.tree
    began = 0 if over is None else over.begin
    marked = {span.lower() for span in chosen.marked}
    return {
        "id": tree.trace_id,
        "operation": tree.operation[:300],
        "reasons": chosen.reasons[:5],
        "named": chosen.named,
        "at": (chosen.at_ns - began) / 1e9,
        "status": chosen.status,
        "duration": tree.roots[0].duration_ns,
        "spans": tree.span_count,
        "errors": tree.error_count,
        "trace": None if chosen.on_own_page else payload(tree, marked),
    }


def _colours(spans: Sequence[SpanOperation]) -> dict[str, str]:
    services = sorted({one.service for one in spans})
    return dict(zip(services, colours(services), strict=True))
