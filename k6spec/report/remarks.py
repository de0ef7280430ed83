"""What is worth knowing of a run beside its verdicts: findings of k6's own, and the measurement's health."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k6spec.units import format_ns


def remarks(info: Mapping[str, Any]) -> Iterator[str]:
    """One line for each, from ``run.json``; nothing where all is well."""
    health, k6 = info["health"], info.get("k6", {})
    if k6.get("marked_failed"):
        yield "the script called exec.test.fail()"
    if info.get("sut_after_load"):
        yield f"after the load: {info['sut_after_load']}"
    if health["script_errors"]:
        yield f"{health['script_errors']:,} iterations ended with an exception: {k6.get('first_script_error')}"
    if stopped := info.get("stopped"):
        after = format_ns(stopped["after_ns"])
        yield f"the load stopped after {after}, before its time: k6 threshold on {stopped['by']}"
    if health["dropped_iterations"]:
        yield f"k6 dropped {health['dropped_iterations']:,} iterations: the declared rate was not reached"
    yield from k6.get("remarks", ())
    if k6.get("metrics_error"):
        yield f"k6 could not send all of its own metrics: {k6['metrics_error']}"
    if info.get("not_shown"):
        yield f"Jaeger lacks k6's client spans: {info['not_shown']}"
    if not info.get("traces_settled", True):
        yield "spans were still arriving when the wait for them ended: raise --k6spec-deadline"
