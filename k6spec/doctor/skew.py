"""How far another clock is from ours, as far as one answer can tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, final

import httpx

from k6spec.doctor.finding import Finding
from k6spec.units import seconds

_TOLERATED: Final = 1.0
_DATE_STEP: Final = 1.0  # HTTP's Date has whole seconds, rounded down


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """The other clock is at least ``low`` and at most ``high`` seconds ahead of ours."""

    low: float
    high: float

    @property
    def certain(self) -> float:
        """What is certain of it, in seconds; negative: the other clock is behind."""
        return self.low if self.low > 0 else min(self.high, 0.0)


@final
class Stopwatch:
    """When a question was asked and answered, by our clock, in Unix seconds."""

    asked = 0.0
    answered = 0.0

    def skew(self, told: float, *, step: float = 0.0) -> Skew:
        """The skew of a clock that told its time in between; it goes in steps of ``step`` seconds."""
        return Skew(low=told - self.answered, high=told + step - self.asked)


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measures the block in which a clock is asked."""
    watch = Stopwatch()
    watch.asked = time.time()
    yield watch
    watch.answered = time.time()


def http_skew(response: httpx.Response, watch: Stopwatch) -> Skew | None:
    """By the header Date; None where there is none, or a cache between us has kept the answer."""
    if "age" in response.headers:
        return None
    try:
        told = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    return watch.skew(told.timestamp(), step=_DATE_STEP)


def iso_skew(told: str, watch: Stopwatch) -> Skew | None:
    """By a time as in ``2026-11-22T21:19:49.123456789Z``."""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return watch.skew(moment.timestamp()) if moment.tzinfo is not None else None


def clock_of(what: str, skew: Skew | None) -> Finding:
    """What the skew of a clock means."""
    topic = f"clock of {what}"
    if skew is None:
        return Finding(topic=topic, status="not needed", seen="it does not tell its time")
    off = skew.certain
    if abs(off) <= _TOLERATED:
        width = seconds(max(abs(skew.low), abs(skew.high)))
        return Finding(topic=topic, status="ok", seen=f"no more than {width} off ours, as far as it tells")
    side = "ahead of" if off > 0 else "behind"
    return Finding(
        topic=topic,
        status="warning",
        seen=f"at least {seconds(abs(off))} {side} ours",
        advice="let NTP set both clocks (chronyd, systemd-timesyncd): a source is asked for the load's time only",
    )
