"""What a failing or inconclusive verdict says: claim, worst traces with links, cause, evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isinf
from typing import Final

from k6spec.explain.explanation import explain
from k6spec.explain.sides import median_offender
from k6spec.judge.limits import shown, shown_apart
from k6spec.judge.verdict import Verdict
from k6spec.query.population import Sighting
from k6spec.report.cause import cause_lines
from k6spec.report.html.visible import short_line, visible_block
from k6spec.report.links import Links, read_trace, write_trace_page
from k6spec.report.message import Kind, Line, Message
from k6spec.report.payload import payload_line
from k6spec.report.self_time import longest_self_time
from k6spec.report.statement import short_statement
from k6spec.report.trace_tree import TraceTree
from k6spec.run import Run
from k6spec.store.spans import CLIENT_SERVICE
from k6spec.units import counted, format_ns, format_ratio

_LONGEST: Final = 600
_WORST: Final = 3


def failure_message(run: Run, verdict: Verdict, links: Links) -> Message:
    """The whole message, some six lines; makes the trace pages that it links to."""
    return Message(headline=verdict.headline, lines=tuple(map(_seen, _lines(run, verdict, links))))


def _seen(line: Line) -> Line:
    """On one line and not endless, whatever the system sent; what an author wrote keeps its line breaks."""
    if line.kind in {"reason", "note"}:
        return replace(line, text=visible_block(line.text))
    return replace(line, text=short_line(line.text, _LONGEST))


def _lines(run: Run, verdict: Verdict, links: Links) -> Iterator[Line]:
    if verdict.evidence.reason:
        yield Line(kind="reason", text=f"{verdict.outcome}: {verdict.evidence.reason}")
    for note in verdict.evidence.notes:
        yield Line(kind="note", text=note)
    if verdict.observed is not None:
        yield from _worst(run, verdict, links)
        for text in _beyond(verdict):
            yield Line(kind="extent", text=text)
        yield from cause_lines(run, explain(run.database, verdict), verdict, links)
    yield Line(kind="evidence", text=_evidence(run, verdict))
    unseen = verdict.evidence.population.missing.uninstrumented
    if unseen:
        text = f"uninstrumented (never gave a trace, not counted as missing): {', '.join(unseen)}"
        yield Line(kind="note", text=text)


def _worst(run: Run, verdict: Verdict, links: Links) -> Iterator[Line]:
    if _of_all(verdict):
        return
    largest = verdict.operator in {"<", "<="} or _high_is_bad(verdict)
    for sighting in verdict.evidence.population.worst(_WORST, largest):
        line = _member(run, verdict, links, sighting, "worst")
        yield line
        if line.trace is not None and (payload := payload_line(run, line.trace)) is not None:
            yield Line(kind="payload", text=payload)
    if (median := median_offender(verdict)) is not None:
        yield _member(run, verdict, links, median, "median")


def _member(run: Run, verdict: Verdict, links: Links, sighting: Sighting, kind: Kind) -> Line:
    named = "the median violator: " if kind == "median" else ""
    said = f"{_measured(sighting, verdict)}{named}{_what(sighting)}"
    tree = None if sighting.trace_id is None else read_trace(run.database, sighting.trace_id)
    if tree is None:
        return Line(kind=kind, text=said if sighting.trace_id is None else f"trace {sighting.trace_id}  {said}")
    highlight = [sighting.span_id] if sighting.span_id else []
    page = write_trace_page(run.folder, tree, highlight=highlight, about=[verdict.headline])
    return Line(
        kind=kind,
        text=f"{said}{_where(tree, sighting) if verdict.unit == 'ns' else ''}",
        trace=tree.trace_id,
        span=sighting.span_id,
        link=links.to_trace(run.folder, page, tree.trace_id, sighting.span_id),
    )


def _of_all(verdict: Verdict) -> bool:
    """Whether too little of something is claimed against: then no member is to blame."""
    return verdict.operator in {">", ">="} and _statistic(verdict).startswith(("rate", "count"))


def _high_is_bad(verdict: Verdict) -> bool:
    """Whether large members are the bad ones though the limit is a lower one: of an apdex, and of quick shares."""
    return _statistic(verdict).startswith("apdex") or (
        verdict.unit == "fraction" and verdict.evidence.population.noun != "trace"
    )


def _statistic(verdict: Verdict) -> str:
    return verdict.claim.partition(": ")[2]


def _where(tree: TraceTree, sighting: Sighting) -> str:
    """Where the time went below the span that was seen; nothing for spans that called nothing."""
    span = next((span for _depth, span in tree.walk() if span.span_id == sighting.span_id), None)
    if span is None or not span.children:
        return ""
    longest = longest_self_time(span)
    if not longest.own:
        times = f" ({longest.times} times)" if longest.times > 1 else ""
        return f"; {format_ns(longest.ns)} of it in {longest.service}: {short_statement(longest.what)}{times}"
    if span.service == CLIENT_SERVICE:
        return f"; {format_ns(longest.ns)} of it before or after the system's spans"
    return f"; {format_ns(longest.ns)} of it its own, outside the calls below"


def _measured(sighting: Sighting, verdict: Verdict) -> str:
    if verdict.unit == "count" and verdict.evidence.population.noun == "trace":
        return f"{sighting.value:,.0f} ×  "
    if verdict.unit == "fraction" and verdict.evidence.population.noun == "trace":
        return ""  # the trace has what was asked for, or has not
    return f"{format_ns(sighting.value)}  "


def _what(sighting: Sighting) -> str:
    text = short_statement(sighting.what)
    where = [sighting.service] if sighting.service else []
    if sighting.vu is not None:
        where.append(f"VU {sighting.vu}")
    if sighting.elapsed_ns is not None:
        minutes, seconds = divmod(sighting.elapsed_ns // 10**9, 60)
        where.append(f"{minutes:02d}:{seconds:02d}")
    return f"{text}   ({', '.join(where)})" if where else text


def _beyond(verdict: Verdict) -> Iterator[str]:
    population = verdict.evidence.population
    over = verdict.operator in {"<", "<="}
    limit = verdict.limit
    if verdict.unit == "fraction" and verdict.evidence.offence is not None:
        limit = verdict.evidence.offence
    elif verdict.unit not in {"ns", "count"} or _statistic(verdict).startswith("apdex"):
        return
    count = int((population.values > limit).sum() if over else (population.values < limit).sum())
    if not count or _statistic(verdict).startswith("count"):
        return
    total = len(population.values)
    words = f"{count:,} of {total:,} {population.noun}s"
    if verdict.unit != "fraction":
        words += f" {'over' if over else 'under'} the limit ({format_ratio(count / total)})"
    if population.noun == "span":
        words += f", in {population.traces_beyond(limit, over):,} of {population.scope:,} traces"
        shared = population.shared_statement(limit) if over else None
        if shared and count > 1 and shared[0] not in population.text:
            words += (
                f"; {'all' if shared[1] == count else f'{shared[1]:,}'} of them are {short_statement(shared[0])}"
            )
    yield words


def _evidence(run: Run, verdict: Verdict) -> str:
    evidence = verdict.evidence
    missing, dropped = evidence.population.missing.traces, evidence.dropped
    lost = [_several(missing, "trace"), _several(dropped, "dropped span")]
    said = " and ".join(part for part in lost if part)
    if not said and isinf(evidence.highest) and isinf(evidence.lowest):
        return str(run.ledger)  # nothing matched, or it is a claim of the user's own: nobody knows what it misses
    if not said:
        words = "nothing of it is missing"
    elif verdict.outcome == "inconclusive":
        words = f"{said} missing"
    else:
        words = f"{said} missing cannot change this"
    lowest, highest = evidence.lowest, evidence.highest
    between = ""
    if verdict.observed is not None and lowest != highest and highest != float("inf"):
        ends = f"between {' and '.join(shown_apart(lowest, highest, verdict.unit))}"
        if evidence.level is not None and evidence.effective is not None:
            sure = shown(evidence.level, "fraction")
            between = f" ({ends}, {sure} sure, of samples worth {evidence.effective:,.0f} independent ones)"
        elif said:
            between = f" ({ends} with them)"
    return f"{run.ledger}; {words}{between}"


def _several(number: int, noun: str) -> str:
    return counted(number, noun) if number else ""
