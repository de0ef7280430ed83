"""The verdicts: a card for each that did not pass, with what is behind it, and a table of those that did."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any, Final

from k6spec.report.html.page import text
from k6spec.report.html.sections.table import Cell, Column, table
from k6spec.report.html.visible import short_line
from k6spec.report.judged import issue, limit, numbers, observed, subject
from k6spec.units import counted

_LONGEST_LINE: Final = 600
_HEADS: Final = {
    "reason": "Why not",
    "cause": "Why",
    "extent": "How many",
    "worst": "Where to look",
    "median": "Median violator",
    "twin": "Healthy twin",
    "difference": "Against twin",
    "note": "Note",
}
"""By kind of line, in the order in which they are shown; other kinds follow under their own name."""


def claims_section(verdicts: Sequence[Mapping[str, Any]], traces: Collection[str]) -> str:
    """All verdicts, the failed ones first; ``traces`` are the ids that the report has a waterfall of."""
    if not verdicts:
        return '<p class="none">Nothing was judged of this run yet.</p>'
    cards = [
        _card(verdict, number, traces)
        for outcome in ("failed", "inconclusive")
        for number, verdict in enumerate(verdicts)
        if verdict["outcome"] == outcome
    ]
    passed = [verdict for verdict in verdicts if verdict["outcome"] == "passed"]
    skipped = [verdict for verdict in verdicts if verdict["outcome"] == "skipped"]
    parts = [_glance(verdicts) if len(cards) > 2 else "", *cards]
    parts += [_passed(passed) if passed else "", _skipped(skipped) if skipped else ""]
    return "\n".join(part for part in parts if part)


def _glance(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """One line for each claim that did not pass: with many of them their cards fill several screens."""
    items = "".join(
        f'<li class="{verdict["outcome"]}"><span class="verdict">{verdict["outcome"]}</span>'
        f'<a href="#claim-{number}"><bdi>{text(subject(verdict))}</bdi></a>'
        f'<b class="number">{escape(observed(verdict) or "")}</b>'
        f'<span class="number muted">{escape(_sign(limit(verdict) or ""))}</span></li>'
        for outcome in ("failed", "inconclusive")
        for number, verdict in enumerate(verdicts)
        if verdict["outcome"] == outcome
    )
    return f'<ol class="glance" aria-label="Claims that did not pass">{items}</ol>'


def _card(verdict: Mapping[str, Any], number: int, traces: Collection[str]) -> str:
    seen, bound = observed(verdict), limit(verdict)
    figure = ""
    if bound is not None:
        figure = (
            f'<div class="figure"><p class="observed">{escape(seen or "no value")}</p>'
            f'<p class="limit">limit {escape(_sign(bound))}</p>{_times(verdict)}{_bullet(verdict)}</div>'
        )
    return f"""<article class="claim {verdict["outcome"]}" id="claim-{number}">
<header><h3><bdi>{text(subject(verdict))}</bdi></h3><span class="verdict">{verdict["outcome"]}</span></header>
<p class="test"><bdi>{text(verdict["nodeid"])}</bdi>{_known(verdict)}</p>
<div class="body">{figure}<dl class="said">{"".join(_said(verdict, traces))}</dl></div>
</article>"""


def _known(verdict: Mapping[str, Any]) -> str:
    said = issue(verdict)
    return f" · <bdi>{text(said)}</bdi>" if said else ""


def _said(verdict: Mapping[str, Any], traces: Collection[str]) -> Iterator[str]:
    lines = verdict.get("lines") or _of_older_archive(verdict)
    others = dict.fromkeys(line["kind"] for line in lines if line["kind"] not in {*_HEADS, "payload", "evidence"})
    for kind in (*_HEADS, *others):
        own = [line for line in lines if line["kind"] == kind or (kind == "worst" and line["kind"] == "payload")]
        if own:
            items = "".join(f"<li{_payload(line)}>{_line(line, traces)}</li>" for line in own)
            head = _HEADS.get(kind) or text(kind.capitalize())
            yield f'<div class="{text(kind)}"><dt>{head}</dt><dd><ul>{items}</ul></dd></div>'
    evidence = [line["text"].removeprefix("evidence ") for line in lines if line["kind"] == "evidence"]
    evidence = [re.sub(r"^\((\S+)\): ", r"\1: ", told) for told in evidence] or [_evidence(verdict)]
    yield f'<div class="evidence"><dt>Evidence</dt><dd>{_text(" ".join(evidence))}</dd></div>'


def _line(line: Mapping[str, Any], traces: Collection[str]) -> str:
    said = _text(line["text"].removeprefix("inconclusive: ").removeprefix("cause: "))
    if line["kind"] in {"worst", "median", "twin"}:
        measured, gap, rest = line["text"].partition("  ")
        said = f"<b>{_text(measured)}</b> {_text(rest)}" if gap else said
    trace = line.get("trace")
    if trace is not None and trace in traces:
        return f'<a href="#trace-{escape(trace)}">{said}</a>'
    return said


def _payload(line: Mapping[str, Any]) -> str:
    return ' class="payload"' if line["kind"] == "payload" else ""


def _of_older_archive(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lines for verdicts whose message was not kept."""
    reason = [{"kind": "reason", "text": verdict["reason"]}] if verdict.get("reason") else []
    return [
        *reason,
        *({"kind": "worst", "text": f"trace {trace}", "trace": trace} for trace in verdict["trace_ids"]),
    ]


def _evidence(verdict: Mapping[str, Any]) -> str:
    return counted(verdict["population"], verdict["noun"])


def _bullet(verdict: Mapping[str, Any]) -> str:
    """Observed against the limit on one scale from zero, with the bounds of what is missing."""
    seen, bound = verdict["observed"], verdict["limit"]
    low, high = verdict.get("bounds") or (None, None)
    numbers = [number for number in (seen, bound, low, high) if number is not None and isfinite(number)]
    most = max(numbers, default=0.0)
    if seen is None or bound is None or most <= 0 or min(numbers) < 0:
        return ""
    scale = 100 / (most * 1.06)
    parts = [f'<rect class="seen" x="0" y="3" height="6" width="{seen * scale:.2f}"/>']
    if low is not None and high is not None and low != high:
        width = max(0.6, (high - low) * scale)
        parts.append(f'<rect class="bounds" x="{low * scale:.2f}" y="5" height="2" width="{width:.2f}"/>')
    parts.append(f'<rect class="bound" x="{bound * scale:.2f}" y="0" height="12" width="0.8"/>')
    return (
        '<svg class="bullet" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def _times(verdict: Mapping[str, Any]) -> str:
    seen, bound = verdict["observed"], verdict["limit"]
    if verdict["operator"] not in {"<", "<="} or not seen or not bound or seen <= bound:
        return ""
    times = f"{seen / bound:,.1f}"
    return f'<p class="times">{times} × the limit</p>' if times != "1.0" and seen / bound < 1000 else ""


def _passed(verdicts: Sequence[Mapping[str, Any]]) -> str:
    columns = (
        Column(head="Passed"),
        Column(head="Observed", number=True),
        Column(head="Limit", number=True),
        Column(
            head="With what is missing",
            number=True,
            note="Lowest and highest value with what is missing at its best and worst, or .sure()'s interval",
        ),
        Column(head="Judged on", number=True),
        Column(head="Test"),
    )
    rows = (
        (
            Cell(html=f"<bdi>{text(subject(verdict))}</bdi>{_notes(verdict)}"),
            Cell(html=escape(observed(verdict) or "holds")),
            Cell(html=escape(_sign(limit(verdict) or ""))),
            Cell(html=escape(_bounds(verdict)), style="muted"),
            Cell(html=escape(_evidence(verdict)), style="muted"),
            Cell(html=f"<bdi>{text(verdict['nodeid'])}</bdi>", style="muted"),
        )
        for verdict in verdicts
    )
    return table(columns, rows, label="Claims that passed")


def _skipped(verdicts: Sequence[Mapping[str, Any]]) -> str:
    rows = (
        (
            Cell(html=f"<bdi>{text(subject(verdict))}</bdi>"),
            Cell(html=_text(verdict.get("reason") or "")),
            Cell(html=f"<bdi>{text(verdict['nodeid'])}</bdi>", style="muted"),
        )
        for verdict in verdicts
    )
    return table([Column(head="Skipped"), Column(head="Why"), Column(head="Test")], rows, label="Claims skipped")


def _notes(verdict: Mapping[str, Any]) -> str:
    return "".join(f'<p class="note">{_text(note)}</p>' for note in verdict.get("notes", ()))


def _bounds(verdict: Mapping[str, Any]) -> str:
    low, high = verdict.get("bounds") or (None, None)
    if verdict["observed"] is None or limit(verdict) is None or (low is None and high is None):
        return ""
    if low == high:
        return "the same"
    return " – ".join(end or "any" for end in numbers(low, high, verdict["unit"]))


def _sign(words: str) -> str:
    return words.replace("<=", "≤").replace(">=", "≥")


def _text(content: str) -> str:
    return escape(short_line(content, _LONGEST_LINE))
