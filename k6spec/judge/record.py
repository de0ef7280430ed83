"""A verdict in plain values, for ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite

from k6spec.judge.verdict import Verdict

_LINKED = 3


def record(
    verdict: Verdict,
    *,
    nodeid: str,
    session: str,
    ended: bool = False,
    lines: Sequence[Mapping[str, object]] = (),
    windows: Sequence[tuple[int, int]] | None = None,
    before: int = 0,
    known_issue: str = "",
) -> dict[str, object]:
    """``observed`` and ``limit`` are in ``unit``: ns, fraction, count or per second.

    ``ended``: the test's body came to its end, so these are all of its claims. ``lines``: what the message said
    below its headline. ``windows``: when the claim's requests began, in Unix nanoseconds; None: throughout the
    run. ``before``: how many claims of the test in the same words were made before it.
    ``known_issue``: by whose reference the test is known to fail.
    """
    evidence = verdict.evidence
    worst = (
        []
        if verdict.outcome in {"passed", "skipped"}
        else evidence.population.worst(_LINKED, verdict.operator in {"<", "<="})
    )
    return {
        "nodeid": nodeid,
        "claim": verdict.claim,
        "before": before,
        "headline": verdict.headline,
        "outcome": verdict.outcome,
        "known_issue": known_issue if verdict.outcome == "failed" else "",
        "observed": verdict.observed,
        "limit": verdict.limit if isfinite(verdict.limit) else None,
        "operator": verdict.operator,
        "unit": verdict.unit,
        "bounds": [end if isfinite(end) else None for end in (evidence.lowest, evidence.highest)],
        "sure": evidence.level,
        "effective_samples": evidence.effective,
        "spans_dropped": evidence.dropped,
        "missing_traces": evidence.population.missing.traces,
        "population": len(evidence.population.values),
        "noun": evidence.population.noun,
        "reason": evidence.reason,
        "notes": list(evidence.notes),
        "lines": list(lines),
        "windows": windows,
        "trace_ids": [sighting.trace_id for sighting in worst if sighting.trace_id],
        "baseline": None if evidence.compared is None else asdict(evidence.compared),
        "statistic": verdict.statistic,
        "session": session,
        "ended": ended,
        "judged": datetime.now(UTC).isoformat(timespec="seconds"),
    }
