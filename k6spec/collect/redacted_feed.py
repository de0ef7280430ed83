"""A feed whose spans are redacted before anybody sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import pyarrow as pa

from k6spec.collect.feed import SpanFeed
from k6spec.collect.feed_around import FeedAround
from k6spec.collect.redact import Redactor


@final
class RedactedFeed(FeedAround):
    """The inner feed, which wipes what it read when it is closed."""

    def __init__(self, inner: SpanFeed, redactor: Redactor) -> None:
        super().__init__(inner)
        self._redactor = redactor

    def poll(self) -> Iterator[pa.RecordBatch]:
        """The inner feed's spans, redacted."""
        for batch in super().poll():
            yield self._redactor.spans(batch)
