"""Claims of the user's own: a plain function looks at the tables, and this makes a verdict of what it saw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf
from typing import Final

import numpy as np

from k6spec.errors import UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.verdict import Evidence, Outcome, Verdict
from k6spec.query.population import Missing, Population, Sighting
from k6spec.store.spans import CLIENT_SERVICE

_ID: Final = re.compile(r"[0-9a-fA-F]{32}")


def custom_claim(
    bench: Bench, text: str, *, holds: bool | None, because: str, traces: Sequence[str | bytes]
) -> Verdict:
    """The verdict; see ``Run.claim``."""
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"run.claim({text!r}): say in words what is claimed")
    if holds is not None and not isinstance(holds, (bool, np.bool_)):
        raise UsageError(f"run.claim({text!r}, holds={holds!r}): write True, False, or None for inconclusive")
    if not holds and not because.strip():
        raise UsageError(f"run.claim({text!r}): say with because= what was seen, or why it cannot be said")
    if bench.rehearsal is not None:
        holds = True
    outcome: Outcome = "inconclusive" if holds is None else "passed" if holds else "failed"
    shown = _sightings(bench, [_hex(trace) for trace in traces])
    evidence = Evidence(
        population=plain_population(bench, text, shown, why=because),
        lowest=-inf,
        highest=inf,
        reason=because if holds is None else "",
        notes=(because,) if holds is not None and because else (),
    )
    return bench.log.add(
        Verdict(
            claim=text,
            headline=f"{text}: {_WORDS[outcome]}",
            outcome=outcome,
            observed=None if holds is None else float(holds),
            operator=">=",
            limit=1.0,
            unit="count",
            evidence=evidence,
        )
    )


def plain_population(bench: Bench, text: str, shown: list[Sighting], *, why: str) -> Population:
    """A population of which only the worst members are known. ``why``: there is nothing to judge."""
    return Population(
        noun="request",
        text=text,
        values=np.empty(0),
        scope=int(bench.database.value("SELECT count(*) FROM requests WHERE scenario IS NOT NULL")),
        seconds=0.0,
        missing=Missing(),
        worst=lambda count, _largest: shown[:count],
        traces_beyond=lambda _limit, _over: 0,
        why_empty=lambda: why,
    )


_WORDS: Final[dict[Outcome, str]] = {
    "passed": "holds",
    "failed": "does not hold",
    "inconclusive": "cannot be judged",
}


def _hex(trace: str | bytes) -> str:
    text = trace.hex() if isinstance(trace, bytes) else trace
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise UsageError(f"run.claim(traces=[{trace!r}]): a trace id is 16 bytes, or 32 hex digits")
    return text.lower()


def _sightings(bench: Bench, traces: list[str]) -> list[Sighting]:
    rows = bench.database.rows(
        """SELECT c.client_ns, lower(hex(c.trace_id)), lower(hex(c.span_id)), c.operation, c.vu, c.elapsed_ns
        FROM traces c JOIN (SELECT unhex(unnest(?::VARCHAR[])) AS trace_id) w USING (trace_id)""",
        [traces],
    )
    found = {
        trace: Sighting(
            value=v, trace_id=trace, span_id=s, what=w, service=CLIENT_SERVICE, vu=vu, elapsed_ns=elapsed
        )
        for v, trace, s, w, vu, elapsed in rows
    }
    return [found[trace] for trace in dict.fromkeys(traces) if trace in found]
