"""A verdict in plain values, for ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite

from k6spec.judge.verdict import Verdict

_LINKED = 3


def record(
    verdict: Verdict,
    *,
    nodeid: str,
    session: str,
    lines: Sequence[Mapping[str, object]] = (),
    windows: Sequence[tuple[int, int]] | None = None,
) -> dict[str, object]:
    """``observed`` and ``limit`` are in ``unit``: ns, fraction, count or per second.

    ``lines``: what the message said below its headline. ``windows``: when the claim's requests began, in Unix
    nanoseconds; None: throughout the run.
    """
    evidence = verdict.evidence
    worst = (
        [] if verdict.outcome == "passed" else evidence.population.worst(_LINKED, verdict.operator in {"<", "<="})
    )
    return {
        "nodeid": nodeid,
        "claim": verdict.claim,
        "headline": verdict.headline,
        "outcome": verdict.outcome,
        "observed": verdict.observed,
        "limit": verdict.limit,
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
        "session": session,
        "judged": datetime.now(UTC).isoformat(timespec="seconds"),
    }
