"""What SDKs say of spans they lost themselves: two of their own metrics, read from what they export.

Source: OpenTelemetry semantic conventions, "SDK metrics": ``otel.sdk.processor.span.processed`` (``error.type``
``queue_full``: a full queue dropped them) and ``otel.sdk.exporter.span.exported`` (any ``error.type``: the export
failed). Python's SDK sends them with ``OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED=true``.
"""

from __future__ import annotations

import threading
from math import isfinite
from typing import TYPE_CHECKING, Final, final

from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

from k6spec.collect.counters import CounterWriter

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint, Sum

_PROCESSED: Final = "otel.sdk.processor.span.processed"
_EXPORTED: Final = "otel.sdk.exporter.span.exported"


@final
class SdkDrops:
    """Adds SDKs' drop counters up, whatever their temporality."""

    def __init__(self, counters: CounterWriter) -> None:
        self._counters = counters
        self._last: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def take(self, request: ExportMetricsServiceRequest) -> None:
        """Reads one export; metrics of other names are passed over."""
        for resource_metrics in request.resource_metrics:
            for scope_metrics in resource_metrics.scope_metrics:
                for metric in scope_metrics.metrics:
                    if metric.name not in (_PROCESSED, _EXPORTED) or metric.WhichOneof("data") != "sum":
                        continue
                    resource = resource_metrics.resource.SerializeToString(deterministic=True)
                    for point in metric.sum.data_points:
                        self._take(metric.name, metric.sum, point, resource)

    def _take(self, name: str, metric: Sum, point: NumberDataPoint, resource: bytes) -> None:
        error = next((a.value.string_value for a in point.attributes if a.key == "error.type"), "")
        if not error or (name == _PROCESSED and error != "queue_full"):
            return
        value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
        if not isfinite(value):
            return
        value = int(value)
        if metric.aggregation_temporality != AGGREGATION_TEMPORALITY_DELTA:
            # A process that was started anew has another start time, so it is a series of its own.
            attributes = b"".join(sorted(a.SerializeToString(deterministic=True) for a in point.attributes))
            series = b"%s|%d|%s|%s" % (name.encode(), point.start_time_unix_nano, attributes, resource)
            with self._lock:
                before = self._last.get(series, 0)
                self._last[series] = max(value, before)
            value -= before
        if value > 0:
            counter = "sdk_queue_full" if name == _PROCESSED else "sdk_export_failed"
            self._counters.add(**{counter: value})
