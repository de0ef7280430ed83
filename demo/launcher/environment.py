"""The environment of a service process: the launcher's own plus defaults for OpenTelemetry."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTRUMENTATIONS = frozenset({"flask", "httpx", "sqlalchemy"})

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")


def service_environment(service: str, base: Mapping[str, str]) -> dict[str, str]:
    """The environment for `service`: what `base` sets wins, except for the service's name."""
    defaults = {
        "OTEL_PYTHON_FLASK_EXCLUDED_URLS": "/healthz$,/_faults$",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(_unwanted_instrumentations()),
    }
    if not any(base.get(endpoint) for endpoint in _ENDPOINTS):
        defaults |= dict.fromkeys(_EXPORTERS, "none")
    package_parent = str(Path(__file__).parents[2])
    python_path = [package_parent, *filter(None, [base.get("PYTHONPATH")])]
    own = {"OTEL_SERVICE_NAME": service, "PYTHONPATH": os.pathsep.join(python_path)}
    return defaults | dict(base) | own


def _unwanted_instrumentations() -> list[str]:
    """Every installed instrumentation but the shop's, so that drivers add no second span per query."""
    installed = entry_points(group="opentelemetry_instrumentor").names
    return sorted(installed - INSTRUMENTATIONS)
