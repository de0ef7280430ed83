"""The script's own thresholds: what k6 said of each, but that over no sample it says nothing.

Source: k6's documentation of thresholds. ``http_req_duration{scenario:buy}`` is a submetric: the samples that
carry all of these tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, final

from k6spec.judge.verdict import Outcome
from k6spec.query.database import Database

_SUBMETRIC: Final = re.compile(r"([^{]+)(?:\{(.*)\})?", re.DOTALL)
_OF_REQUESTS: Final = "http_req"
_REQUEST_COLUMNS: Final = {
    **{name: f'"{name}"' for name in ("scenario", "group", "name", "method", "url", "proto", "error")},
    "status": "status::VARCHAR",
    "error_code": "error_code::VARCHAR",
    "expected_response": "(NOT failed)::VARCHAR",
}
_SAMPLE_COLUMNS: Final = {name: f'"{name}"' for name in ("scenario", "group", "check")}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdVerdict:
    """What became of one threshold. ``samples``: how many it was about."""

    metric: str
    expression: str
    outcome: Outcome
    samples: int

    @property
    def claim(self) -> str:
        """It, in words."""
        return f"k6 threshold {self.metric}: {self.expression}"

    @property
    def headline(self) -> str:
        """What is the matter with it."""
        if self.outcome == "inconclusive":
            return f"{self.claim} cannot be judged: there is no sample of {self.metric}, and k6 lets that pass"
        held = "holds" if self.outcome == "passed" else "does not hold"
        return f"{self.claim} {held} (over {self.samples:,} samples)"

    def record(self, *, nodeid: str, session: str) -> dict[str, object]:
        """In plain values, for ``run.json``, as :func:`k6spec.judge.record.record` has it for claims."""
        return {
            "nodeid": nodeid,
            "claim": self.claim,
            "headline": self.headline,
            "outcome": self.outcome,
            "observed": None,
            "limit": None,
            "operator": None,
            "unit": "count",
            "population": self.samples,
            "noun": "sample",
            "reason": "" if self.outcome != "inconclusive" else "no sample",
            "trace_ids": [],
            "session": session,
            "judged": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def threshold_verdicts(info: Mapping[str, Any], database: Database) -> Iterator[ThresholdVerdict]:
    """One for each threshold of the script that k6 judged, from ``run.json`` and the run's tables."""
    for threshold in info.get("k6", {}).get("thresholds", ()):
        samples = _samples(threshold["metric"], database)
        outcome: Outcome = "passed" if threshold["ok"] else "failed"
        yield ThresholdVerdict(
            metric=threshold["metric"],
            expression=threshold["expression"],
            outcome=outcome if samples else "inconclusive",
            samples=samples,
        )


def _samples(metric: str, database: Database) -> int:
    match = _SUBMETRIC.fullmatch(metric)
    assert match is not None
    name, tags = match[1], _tags(match[2] or "")
    if name.startswith(_OF_REQUESTS):
        table, columns, conditions, values = "requests", _REQUEST_COLUMNS, [], []
    else:
        table, columns, conditions, values = "samples", _SAMPLE_COLUMNS, ["metric = ?"], [name]
    for tag, value in tags.items():
        column = columns.get(tag)
        conditions.append(f"{column} = ?" if column else "tags[?] = ?")
        values += [value] if column else [tag, value]
    return int(database.value(f"SELECT count(*) FROM {table} WHERE {' AND '.join(conditions) or 'true'}", values))


def _tags(text: str) -> dict[str, str]:
    """``scenario:buy,status:200``: values may hold colons, and may be quoted."""
    pairs = (part.partition(":") for part in text.split(",") if part.strip())
    return {tag.strip(): value.strip().strip("\"'") for tag, _, value in pairs}
