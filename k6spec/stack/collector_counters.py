"""What a Collector says of the spans that passed it: its own metrics, as Prometheus text.

Source: ``receiverhelper`` and ``exporterhelper`` documentation of the OpenTelemetry Collector. Label sets and the
suffix ``_total`` differ by version, so series are summed over their labels; those that count failures of an
exporter are absent until there is one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from k6spec.collect.plain_http import UNANSWERED, ask
from k6spec.errors import StackFault
from k6spec.stack.collector_config import JUDGED

_SERIES: Final = re.compile(r"^otelcol_(\w+?_spans)(?:_total)?(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_PROBE_SECONDS: Final = 5.0
_DRAIN_SECONDS: Final = 5.0
_PAUSE: Final = 0.05


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorCounts:
    """Spans since the Collector was started; those sent and failed are of the judged exporter alone."""

    accepted: int = 0
    refused: int = 0
    sent: int = 0
    failed: int = 0

    @property
    def underway(self) -> int:
        """Accepted, and neither sent nor failed yet."""
        return self.accepted - self.sent - self.failed


def parse_counts(text: str) -> CollectorCounts:
    """The counts in a page of Prometheus text."""
    sums: dict[str, int] = {}
    for name, labels, value in _SERIES.findall(text):
        if name.startswith("exporter_") and f'/{JUDGED}"' not in labels:
            continue
        sums[name] = sums.get(name, 0) + int(float(value))
    return CollectorCounts(
        accepted=sums.get("receiver_accepted_spans", 0),
        refused=sums.get("receiver_refused_spans", 0) + sums.get("receiver_failed_spans", 0),
        sent=sums.get("exporter_sent_spans", 0),
        failed=sums.get("exporter_send_failed_spans", 0) + sums.get("exporter_enqueue_failed_spans", 0),
    )


def read_counts(url: str) -> CollectorCounts:
    """The counts now.

    Raises:
        StackFault: the Collector does not tell.
    """
    try:
        answer = ask(url, timeout=_PROBE_SECONDS)
        why = None if answer.is_success else f"it answers {answer.status}"
    except UNANSWERED as error:
        why = str(error) or type(error).__name__
    if why is not None:
        raise StackFault(
            f"the Collector does not tell its counters at {url}: {why}",
            advice="without them, nobody knows whether spans were lost: look at the Collector's log, load again",
        )
    return parse_counts(answer.body.decode())


def drained_counts(
    read: Callable[[], CollectorCounts], *, start: CollectorCounts, timeout: float = _DRAIN_SECONDS
) -> CollectorCounts:
    """The counts once all that was accepted before the call has been sent or has failed.

    Args:
        start: an earlier reading; what was underway then is not waited for.
        timeout: seconds; what is still underway by then counts as failed.
    """
    deadline = time.monotonic() + timeout
    first = now = read()
    while (stuck := first.accepted - now.sent - now.failed - max(0, start.underway)) > 0:
        if time.monotonic() >= deadline:
            return CollectorCounts(
                accepted=first.accepted, refused=now.refused, sent=now.sent, failed=now.failed + stuck
            )
        time.sleep(_PAUSE)
        now = read()
    return now
