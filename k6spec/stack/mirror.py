"""What the Collector writes inside its container, followed from outside as if its receiver were ours.

The Collector's file exporter frames messages as the spool does, so its file, copied as it grows, is a spool, and
the feed of the embedded stack reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol, final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from k6spec.collect.counters import CounterWriter
from k6spec.collect.handshake import COUNTERS_NAME, SPOOL_NAME
from k6spec.collect.sdk_metrics import SdkDrops
from k6spec.collect.spool import SpoolReader

_METRICS_NAME: Final = "sdk-metrics"
_GROUP_BYTES: Final = 4 << 20


class RemoteFiles(Protocol):
    """Files that can be read from their beginning only."""

    def size(self, path: str) -> int:
        """The size now, in bytes."""

    def content(self, path: str) -> Iterator[bytes]:
        """The content, in pieces."""


@final
class Mirror:
    """Follows the Collector's two files in a local directory laid out as a receiver's.

    Args:
        directory: an existing one, readable by its owner only.
        spans, metrics: the paths of the Collector's files.
    """

    def __init__(self, directory: Path, files: RemoteFiles, *, spans: str, metrics: str) -> None:
        self._files = files
        self._spans = (spans, directory / SPOOL_NAME)
        self._metrics = (metrics, directory / _METRICS_NAME)
        for _, local in (self._spans, self._metrics):
            local.touch(mode=0o600)
        self._drops = SdkDrops(CounterWriter(directory / COUNTERS_NAME))
        self._metrics_offset = 0

    def pull(self) -> None:
        """Fetches what is new of both files; nothing is transferred where neither has grown."""
        self._follow(*self._spans)
        if self._follow(*self._metrics):
            self._count_drops()

    def _follow(self, path: str, local: Path) -> bool:
        have = local.stat().st_size
        if self._files.size(path) <= have:
            return False
        skip = have
        with local.open("ab") as copy:
            for piece in self._files.content(path):
                if skip < len(piece):
                    copy.write(piece[skip:])
                skip = max(0, skip - len(piece))
        return True

    def _count_drops(self) -> None:
        reader = SpoolReader(self._metrics[1], self._metrics_offset)
        try:
            while messages := reader.read(_GROUP_BYTES):
                for message in messages:
                    try:
                        self._drops.take(ExportMetricsServiceRequest.FromString(message))
                    except DecodeError:
                        continue  # metrics are nobody's evidence but for these counters
            self._metrics_offset = reader.offset
        finally:
            reader.close()
