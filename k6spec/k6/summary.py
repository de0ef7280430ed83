"""k6's end-of-test summary, in the shape in which ``handleSummary`` gets it.

``--summary-export`` says ``true`` of a threshold that was crossed, and mixes a metric's values with its
thresholds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

SUMMARY: Final = "summary.json"
"""``{"metrics": {name: {"values": {...}, "thresholds": {expression: {"ok": true}}}}, "root_group": {...}}``"""


def write_summary(export: Path, path: Path) -> dict[str, Any] | None:
    """Writes the summary from k6's export, and returns it; None where k6 wrote none."""
    try:
        exported = json.loads(export.read_bytes())
        metrics = {name: _metric(values) for name, values in exported["metrics"].items()}
    except (OSError, ValueError, KeyError):
        return None
    summary = {**exported, "metrics": metrics}
    path.write_text(json.dumps(summary, indent=2), encoding="utf-8")
    return summary


def _metric(exported: dict[str, Any]) -> dict[str, Any]:
    metric: dict[str, Any] = {"values": {name: value for name, value in exported.items() if name != "thresholds"}}
    if "thresholds" in exported:
        metric["thresholds"] = {text: {"ok": not crossed} for text, crossed in exported["thresholds"].items()}
    return metric
