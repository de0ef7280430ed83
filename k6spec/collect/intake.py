"""What happens to an export, whichever way it came: checked, counted, spooled."""

from __future__ import annotations

from typing import Final, final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from k6spec.collect.counters import CounterWriter
from k6spec.collect.repair import repair
from k6spec.collect.sdk_metrics import SdkDrops
from k6spec.collect.spool import SpoolWriter

AT_ONCE_BYTES: Final = 256 << 10
"""A message of that size is taken sooner than another thread would be woken for it."""


class UndecodableExport(ValueError):
    """Not the message it should be; sending it again would not help."""


class SpoolUnwritable(Exception):
    """The disk refused it; sending it again later may help."""


@final
class Intake:
    """Takes exports as OTLP protobuf, uncompressed; safe to use from any thread.

    Every method returns when the export is where it belongs, and that is when it may be acknowledged.

    Raises:
        UndecodableExport: it is not such a message.
        SpoolUnwritable: its spans could not be written.
    """

    def __init__(self, spool: SpoolWriter, counters: CounterWriter) -> None:
        self._spool = spool
        self._counters = counters
        self._drops = SdkDrops(counters)

    def traces(self, message: bytes) -> None:
        """Spools an ExportTraceServiceRequest; one without spans is taken and not written."""
        try:
            request = ExportTraceServiceRequest.FromString(message)
        except DecodeError as error:
            repaired = repair(message)
            if repaired is None:
                self.refused()
                raise UndecodableExport(f"not an ExportTraceServiceRequest: {error}") from None
            message = repaired
            request = ExportTraceServiceRequest.FromString(message)
        spans = sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
        if not spans:
            return
        try:
            self._spool.append(message)
        except OSError as error:
            self._counters.add(refused=spans, unwritten=spans)
            raise SpoolUnwritable(f"the spool cannot be written: {error.strerror}") from error
        self._counters.add(accepted_messages=1, accepted_spans=spans)

    def metrics(self, message: bytes) -> None:
        """Discards an ExportMetricsServiceRequest but for SDKs' drop counters."""
        try:
            self._drops.take(ExportMetricsServiceRequest.FromString(message))
        except DecodeError as error:
            raise UndecodableExport(f"not an ExportMetricsServiceRequest: {error}") from None

    def logs(self, message: bytes) -> None:
        """Discards an ExportLogsServiceRequest."""
        try:
            ExportLogsServiceRequest.FromString(message)
        except DecodeError as error:
            raise UndecodableExport(f"not an ExportLogsServiceRequest: {error}") from None

    def refused(self, spans: int = 1) -> None:
        """Counts spans that were answered with an error."""
        self._counters.add(refused=spans)
