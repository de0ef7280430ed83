"""This run beside earlier ones: claims against baselines, main figures, new operations, and which runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from k6spec.history.entry import Entry
from k6spec.judge.limits import shown
from k6spec.report.figures.earlier import FIGURES, Claim, EarlierRuns, Operation, Series, Turns
from k6spec.report.html.page import text
from k6spec.report.html.sections.dots import dots
from k6spec.report.html.sections.table import Cell, Column, table
from k6spec.report.judged import MISSED, change, limit, observed, standard, subject
from k6spec.units import counted

_MOST_OPERATIONS: Final = 50


def earlier_section(earlier: EarlierRuns) -> str:
    """Each part is left out where there is nothing of it; without any history one line says why."""
    parts = [_which(earlier)] if earlier.runs else []
    if earlier.turns:
        parts.append(_in_turns(earlier.turns))
    parts += [_claim(claim) for claim in earlier.claims]
    if earlier.skipped:
        claims = counted(earlier.skipped, "claim")
        parts.append(
            f'<p class="none">{claims} against a baseline skipped: <a href="#claims">why stands there</a>.</p>'
        )
    if earlier.requests:
        parts.append(f"<h3>Requests</h3>{_requests(earlier.requests)}")
    if earlier.operations:
        parts.append(f"<h3>New operations</h3>{_operations(earlier.operations)}")
    elif earlier.runs:
        parts.append('<p class="none">No operation is new.</p>')
    if earlier.runs:
        parts.append(_runs(earlier))
    if earlier.wanting:
        parts.insert(0, f'<p class="none">{text(earlier.wanting)}</p>')
    return "\n".join(parts)


def _which(earlier: EarlierRuns) -> str:
    revisions = " to ".join(dict.fromkeys((earlier.runs[0].revision, earlier.runs[-1].revision)))
    return (
        f'<p class="what"><bdi>{text(earlier.revision)}</bdi> <span>against {text(revisions)}</span> '
        f"<span>{text(earlier.said)}</span></p>"
        '<p class="what">Each dot is a run, the last one this; the line is the baseline, dashes are a limit.</p>'
    )


def _in_turns(turns: Turns) -> str:
    return (
        f'<p class="what"><bdi>{text(turns.candidate)}</bdi> <span>in turns with {text(turns.base)}</span> '
        f"<span>{turns.rounds} rounds</span></p>"
        '<p class="what">Claims against a baseline are judged by the rounds of both versions, unless they name a '
        "branch or a pin. Of each round the grey dot is the base, the other the new version; the last dot is the "
        "new version's mean, the line the base's, dashes are a limit. All else in this report is of one round; "
        "rounds are not compared with earlier runs, nor remembered for later ones.</p>"
    )


def _claim(claim: Claim) -> str:
    verdict, series = claim.verdict, claim.series
    facts = [("Observed", observed(verdict) or "no value")]
    drawing = ""
    if series is not None:
        between = "rounds" if series.rounds else "runs"
        sign = (limit(verdict) or "").replace("<=", "≤").replace(">=", "≥")
        facts += [
            ("Limit", f"{sign} ({standard(verdict)})"),
            ("Baseline", shown(series.baseline or 0.0, series.unit)),
            ("Change", change(verdict) or ""),
            (f"Interval, {shown(verdict['baseline']['sure'], 'fraction')} sure on either side", _interval(series)),
            (f"Noise between {between}", _amount(series.noise or 0.0, series)),
            ("Compared with", str(verdict["baseline"]["said"])),
        ]
        drawing = f'<div class="drawing">{dots(series, width=300, height=84)}</div>'
    name = f"<bdi>{text(subject(verdict))}</bdi>"
    if verdict["outcome"] in MISSED:
        name = f'<a href="#claim-{claim.number}">{name}</a>'
    listed = "".join(f"<div><dt>{escape(head)}</dt><dd>{text(value)}</dd></div>" for head, value in facts)
    said = verdict.get("reason") or ("" if series is not None else "; ".join(verdict.get("notes", ())))
    return f"""<article class="claim against {verdict["outcome"]}">
<header><h3>{name}</h3><span
class="verdict">{verdict["outcome"]}</span></header>
<div class="body"><div><dl class="facts">{listed}</dl>{f"<p>{text(said)}</p>" if said else ""}</div>{drawing}</div>
</article>"""


def _interval(series: Series) -> str:
    if series.ends is None:
        return ""
    return " to ".join(shown(end, series.unit) for end in series.ends)


def _signed(change: float, series: Series) -> str:
    return f"{'-' if change < 0 else '+'}{_amount(abs(change), series)}"


def _amount(value: float, series: Series) -> str:
    return shown(value, "fraction" if series.ratios else series.unit)


def _requests(requests: Mapping[str, Mapping[str, Series]]) -> str:
    columns = [Column(head="Request"), *(Column(head=head, number=True) for head in FIGURES)]
    rows = [
        [Cell(html=f"<bdi>{text(root) or '(no name)'}</bdi>"), *(_figure(found.get(head)) for head in FIGURES)]
        for root, found in requests.items()
    ]
    return table(columns, rows, label="Requests beside earlier runs")


def _figure(series: Series | None) -> Cell:
    if series is None:
        return Cell(html="")
    value = "none" if series.value is None else shown(series.value, series.unit)
    tone = "" if series.worse is None else ("bad" if series.worse else "good")
    beside = ""
    if series.change is not None and series.noise is not None:
        noise = _amount(series.noise, series)
        beside = (
            f'<span class="change {tone or "muted"}">{escape(_signed(series.change, series))}</span>'
            f'<span class="muted noise">noise {escape(noise)}</span>'
        )
    return Cell(html=f"<b>{escape(value)}</b>{beside}{dots(series, width=110, height=30)}", style="beside")


def _operations(operations: Sequence[Operation]) -> str:
    columns = [
        Column(head="Operation"),
        Column(head="In traces of"),
        Column(head="Traces", number=True),
        Column(head="Critical path", note="Whether requests wait for it"),
    ]
    rows = [
        [
            Cell(html=f"<bdi>{text(one.what)}</bdi>"),
            Cell(html=f"<bdi>{text(one.root)}</bdi>", style="muted"),
            Cell(html=f"{one.traces:,} of {one.of:,}"),
            Cell(html="waited for" if one.critical else "", style="bad" if one.critical else ""),
        ]
        for one in operations[:_MOST_OPERATIONS]
    ]
    left = len(operations) - len(rows)
    return table(columns, rows, label="New operations") + (
        f'<p class="none">and {left:,} more</p>' if left else ""
    )


def _runs(earlier: EarlierRuns) -> str:
    columns = [Column(head=head) for head in ("Run", "Began", "Branch", "Revision")]
    rows = [_run(entry) for entry in reversed(earlier.runs)]
    listed = table(columns, rows, label="Earlier runs")
    return f'<details class="runs"><summary>{text(earlier.said)}</summary>{listed}</details>'


def _run(entry: Entry) -> list[Cell]:
    began = entry.started[:16].replace("T", " ")
    return [
        Cell(html=f"<bdi>{text(value)}</bdi>")
        for value in (entry.run_id, began, entry.branch or "", entry.revision)
    ]
