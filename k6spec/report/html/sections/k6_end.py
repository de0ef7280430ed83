"""What k6 itself says at the end of a test: thresholds, checks, metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from k6spec.report.figures.k6_summary import Check, Metric
from k6spec.report.html.page import text
from k6spec.report.html.sections.table import Cell, Column, table


def k6_section(thresholds: Sequence[Mapping[str, Any]], checks: Sequence[Check], metrics: Sequence[Metric]) -> str:
    """Three tables; each is left out where there is nothing of it."""
    parts = []
    if thresholds:
        parts.append(f"<h3>Thresholds</h3>{_thresholds(thresholds)}")
    if checks:
        parts.append(f"<h3>Checks</h3>{_checks(checks)}")
    if metrics:
        parts.append(f"<h3>Metrics</h3>{_metrics(metrics)}")
    return "\n".join(parts) or '<p class="none">k6 wrote no summary.</p>'


def _thresholds(thresholds: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            Cell(html=f"<bdi>{text(str(one['metric']))}</bdi>"),
            Cell(html=f"<code>{text(str(one['expression']))}</code>"),
            Cell(html="holds" if one["ok"] else "does not hold", style="good" if one["ok"] else "bad"),
        ]
        for one in thresholds
    ]
    return table(
        [Column(head="Metric"), Column(head="Threshold"), Column(head="k6 says")], rows, label="Thresholds"
    )


def _checks(checks: Sequence[Check]) -> str:
    heads = [Column(head="Check"), Column(head="Group")]
    heads += [Column(head=head, number=True) for head in ("Held", "Failed", "Share that held")]
    rows = [
        [
            Cell(html=f"<bdi>{text(one.name)}</bdi>"),
            Cell(html=f"<bdi>{text(one.group)}</bdi>", style="muted"),
            Cell(html=f"{one.held:,}"),
            Cell(html=f"{one.failed:,}", style="bad" if one.failed else "muted"),
            Cell(html=f"{100 * one.held / max(1, one.held + one.failed):.2f} %"),
        ]
        for one in checks
    ]
    return table(heads, rows, label="Checks")


def _metrics(metrics: Sequence[Metric]) -> str:
    rows = [
        [
            Cell(html=f"<bdi>{text(one.name)}</bdi>"),
            Cell(
                html=" ".join(
                    f'<span class="value"><span class="muted">{text(statistic)}</span> {escape(value)}</span>'
                    for statistic, value in one.values
                )
            ),
        ]
        for one in metrics
    ]
    return table([Column(head="Metric"), Column(head="Values")], rows, label="Metrics of k6's summary")
