"""What specs select: requests, spans and traces, narrowed step by step. Every step gives a new selection."""

from __future__ import annotations

from k6spec.judge.metrics import Metric, select_metric
from k6spec.judge.requests import Requests, select_requests
from k6spec.judge.spans import Spans
from k6spec.judge.traces import Traces, select_traces

__all__ = ["Metric", "Requests", "Spans", "Traces", "select_metric", "select_requests", "select_traces"]
