"""A statistic by run as dots: earlier runs, or rounds of two versions, the baseline, the limit, and this run."""

from __future__ import annotations

from html import escape
from typing import Final

from k6spec.judge.limits import shown
from k6spec.report.figures.earlier import Series
from k6spec.report.html.page import text

_EDGE: Final = 6


def dots(series: Series, *, width: int, height: int) -> str:
    """An SVG of this size, in CSS pixels; empty where there is nothing to draw.

    This run stands last, with its interval; where there were rounds, the candidate's mean.
    """
    ends = () if series.ends is None else series.ends
    places = len(series.rounds) or len(series.dots)
    marks = [
        *(dot.value for dot in series.dots),
        *(value for pair in series.rounds for value in pair),
        *ends,
        *(number for number in (series.value, series.baseline, series.limit) if number is not None),
    ]
    if not places:
        return ""
    low, high = min(marks), max(marks)
    if high - low <= 1e-9 * abs(high):  # alike but for rounding
        pad = abs(high) or 1.0
        low, high = low - pad, high + pad
    room = high - low

    def across(place: int) -> float:
        return _EDGE + (width - 2 * _EDGE) * place / places

    def down(value: float) -> float:
        return float(_EDGE + (height - 2 * _EDGE) * (high - value) / room)

    parts = []
    if series.baseline is not None:
        parts.append(_line("centre", 0, width, down(series.baseline)))
    if series.limit is not None:
        parts.append(_line("bound", 0, width, down(series.limit)))
    for place, dot in enumerate(series.dots):
        told = f"{dot.day} {dot.revision}: {shown(dot.value, series.unit)}"
        parts.append(_dot("earlier", across(place), down(dot.value), 2.5, told))
    for place, (base, candidate) in enumerate(series.rounds):
        parts.append(f'<path class="pair" d="M{across(place):.1f} {down(base):.1f}V{down(candidate):.1f}"/>')
        for kind, value, whose in (("earlier", base, "base"), ("turn", candidate, "new version")):
            told = f"round {place + 1}, {whose}: {shown(value, series.unit)}"
            parts.append(_dot(kind, across(place), down(value), 2.5, told))
    if series.value is not None:
        here = across(places)
        if series.ends is not None:
            top, bottom = down(series.ends[1]), down(series.ends[0])
            parts.append(f'<path class="interval" d="M{here:.1f} {top:.1f}V{bottom:.1f}"/>')
        told = f"{'mean of the rounds' if series.rounds else 'this run'}: {shown(series.value, series.unit)}"
        parts.append(_dot("here", here, down(series.value), 4, told))
    return (
        f'<svg class="dots" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{_label(series)}">{"".join(parts)}</svg>'
    )


def _line(kind: str, left: float, right: float, at: float) -> str:
    return f'<path class="{kind}" d="M{left} {at:.1f}H{right}"/>'


def _dot(kind: str, x: float, y: float, radius: float, told: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{text(told)}</title></circle>'


def _label(series: Series) -> str:
    if series.rounds:
        sides = [
            [shown(end(side), series.unit) for end in (min, max)] for side in zip(*series.rounds, strict=True)
        ]
        base, candidate = (" to ".join(ends) for ends in sides)
        return escape(f"{len(series.rounds)} rounds: base {base}, new version {candidate}")
    values = [dot.value for dot in series.dots]
    told = f"{len(values)} earlier runs, {shown(min(values), series.unit)} to {shown(max(values), series.unit)}"
    here = "" if series.value is None else f"; this run {shown(series.value, series.unit)}"
    return escape(f"{told}{here}")
