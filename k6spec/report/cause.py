"""The cause of a failure in a few lines, each saying one thing."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final

from k6spec.explain.attribution import Attribution, Share
from k6spec.explain.contrast import Contrast
from k6spec.explain.explanation import Explanation
from k6spec.explain.failing import Failing
from k6spec.explain.saturation import Saturation
from k6spec.explain.sides import Sides, by_time
from k6spec.explain.twin import Twin
from k6spec.explain.waiting import Holder
from k6spec.judge.verdict import Verdict
from k6spec.report.links import Links, read_trace, write_trace_page
from k6spec.report.message import Line
from k6spec.report.statement import short_statement
from k6spec.run import Run
from k6spec.store.spans import CLIENT_SERVICE
from k6spec.units import format_ns, format_number

_SHARES: Final = 2
_DIFFERENCES: Final = 8


def cause_lines(run: Run, found: Explanation, verdict: Verdict, links: Links) -> Iterator[Line]:
    """Where offending traces fail or spend their time, what they share, and a healthy twin with its link."""
    for text in _causes(found, verdict):
        yield Line(kind="cause", text=text)
    if found.twin and found.sides:
        yield _twin_line(run, found.twin, found.sides, verdict, links)
    for share in found.differences[:_DIFFERENCES]:
        yield Line(kind="difference", text=difference_line(share))


def _causes(found: Explanation, verdict: Verdict) -> Iterator[str]:
    if found.failing:
        yield failing_line(found.failing)
    if found.calls:
        yield calls_line(found.calls)
    if found.attribution:
        yield from attribution_lines(found.attribution)
    if found.contrasts:
        yield contrast_line(found.contrasts[0], verdict)
    if found.saturation:
        yield saturation_line(found.saturation)


def failing_line(found: Failing) -> str:
    """``66 of 70 fail in stock: POST /reserve: OverloadedError: 3 reservations in flight``."""
    error = f": {short_statement(found.error)}" if found.error else ""
    return f"{found.traces:,} of {found.offending:,} fail in {found.service}: {found.name}{error}"


def calls_line(found: Share) -> str:
    """``10.0 calls a trace of … in orders (1.0 in traces within the limit)``."""
    beside = f" ({format_number(found.typical_calls)} in traces within the limit)" if found.typical_calls else ""
    calls = f"{format_number(found.calls)} call{'' if found.calls == 1 else 's'}"
    return f"{calls} a trace of {short_statement(found.what)}, in {found.service}{beside}"


def attribution_lines(found: Attribution) -> Iterator[str]:
    """The first says of how much time it speaks; the next what else there is."""
    ns = found.slow_ns - (found.typical_ns if found.against_peers else 0)
    most = max((share.extra_ns for share in found.shares), default=0.0)
    whose = f"slow traces of {found.operation}"
    if found.of_spans:
        whose = f"the claim's spans in {whose}"
    beyond = f" of the {format_ns(ns)} " + (
        f"by which {whose} are slower" if found.against_peers else f"that {whose} take"
    )
    if most > ns and format_ns(most) != format_ns(ns):  # what else they do is quicker
        beyond = f" more, where {whose} are slower by {format_ns(ns)} in all"
    for number, share in enumerate(found.shares[:_SHARES]):
        times = f"; {format_number(share.calls)} calls a trace" if share.calls >= 1.5 else ""
        interval = f" ({format_ns(share.low)} to {format_ns(share.high)})" if isfinite(share.low) else ""
        yield (
            f"{'then' if number else 'cause'}: {spent_on(share)}: {format_ns(share.extra_ns)}"
            f"{interval}{'' if number else beyond}{times}"
        )
        if share.holder:
            yield holder_line(share.holder)


def spent_on(share: Share) -> str:
    """``stock: SELECT …``, ``waiting for a database lock in stock: BEGIN IMMEDIATE``."""
    what = short_statement(share.what)
    match share.kind:
        case "statement":
            return f"{share.service}: {what}"
        case "own":
            return f"own code of {share.service} in {what}, outside the calls below"
        case "connection":
            return f"waiting for a database connection in {share.service}: {what}"
        case "lock":
            return f"waiting for a database lock in {' and '.join(share.services)}: {what}"
        case "between":
            caller = "the client" if share.service == CLIENT_SERVICE else share.service
            return f"between {caller} and {what}, in the network or in a queue before its first span"


def holder_line(found: Holder) -> str:
    """``97 % of that wait is for orders: POST /checkout, which holds the lock for 154 ms each time``."""
    return (
        f"{found.share * 100:.0f} % of that wait is for {found.service}: {short_statement(found.task)}, "
        f"which holds the lock for {format_ns(found.held_ns)} each time"
    )


def difference_line(share: Share) -> str:
    """``305 ms against 2.1 ms  stock: SELECT …``, with the number of calls where that differs."""
    calls = f", {share.calls:.0f} × against {share.typical_calls:.0f} ×"
    return (
        f"{format_ns(share.slow_ns)} against {format_ns(share.typical_ns)}  {spent_on(share)}"
        f"{calls if share.calls != share.typical_calls else ''}"
    )


def contrast_line(found: Contrast, verdict: Verdict) -> str:
    """``slow traces differ in shop.sku = 'sku-hot' (100 % of the slow, 0 % of the others)``."""
    kind = "slow" if by_time(verdict) else "offending"
    shares = f"({found.of_offending * 100:.0f} % of the {kind}, {found.of_others * 100:.0f} % of the others)"
    if found.trait == "attribute":
        return f"{kind} traces differ in {found.key} = {found.value!r} {shares}"
    return f"{kind} traces differ in calling {found.key}: {short_statement(found.value)} {shares}"


def saturation_line(found: Saturation) -> str:
    """``GET /orders takes 21 ms with up to 15 VUs, 340 ms with 40 and more, for as many spans: …``."""
    return (
        f"{found.operation} takes {format_ns(found.light_ns)} with up to {found.light_vus} VUs and "
        f"{format_ns(found.heavy_ns)} with {found.heavy_vus} and more (medians), for as many spans: "
        "something is waited for"
    )


def _twin_line(run: Run, found: Twin, sides: Sides, verdict: Verdict, links: Links) -> Line:
    tree = read_trace(run.database, found.trace_id)
    alike = f", alike in {found.shares} of {found.of} attributes" if found.of else ""
    whose = "its healthy twin" if sides.with_worst else f"a healthy twin of the worst {sides.operation}"
    text = f"{format_ns(found.client_ns)}  {whose}, {format_ns(found.apart_ns)} apart{alike}"
    if tree is None:
        return Line(kind="twin", text=f"trace {found.trace_id}  {text}")
    page = write_trace_page(run.folder, tree, about=[f"healthy beside: {verdict.headline}"])
    link = links.to_trace(run.folder, page, tree.trace_id, None)
    return Line(kind="twin", text=text, trace=tree.trace_id, link=link)
