"""What is worth knowing of a run beside its verdicts: findings of k6's own, and the measurement's health."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from k6spec.judge.health import Health, Tolerances
from k6spec.units import counted, format_ns, format_ratio

_MUCH: Final = 0.8  # what k6's own guide on large tests advises to stay below
_BUSY: Final = 0.95
_LATE: Final = 20e6


def remarks(info: Mapping[str, Any]) -> Iterator[str]:
    """One line for each, from ``run.json``; nothing where all is well."""
    health, k6 = info["health"], info.get("k6", {})
    if unwritten := info.get("ledger", {}).get("spans_unwritten"):
        yield (
            f"the receiver refused {unwritten:,} spans as the disk of its temporary directory was full: make room "
            "there, or set TMPDIR"
        )
    if k6.get("marked_failed"):
        yield "the script called exec.test.fail()"
    if info.get("sut_after_load"):
        yield f"after the load: {info['sut_after_load']}"
    if health["script_errors"]:
        ended = counted(health["script_errors"], "iteration")
        yield f"{ended} ended with an exception: {k6.get('first_script_error')}"
    if stopped := info.get("stopped"):
        after = format_ns(stopped["after_ns"])
        yield f"the load stopped after {after}, before its time: k6 threshold on {stopped['by']}"
    if health["dropped_iterations"]:
        dropped = counted(health["dropped_iterations"], "iteration")
        yield f"k6 dropped {dropped}: the declared rate was not reached"
    yield from Health(**health).hung(Tolerances(dropped=0, idle_vus=0))
    yield from _machine(health)
    if calls := info.get("uninstrumented_calls"):
        yield f"calls whose other end never gave a span (uninstrumented, not lost): {', '.join(calls)}"
    yield from k6.get("remarks", ())
    if k6.get("metrics_error"):
        yield f"k6 could not send all of its own metrics: {k6['metrics_error']}"
    if info.get("not_shown"):
        yield f"Jaeger lacks k6's client spans: {info['not_shown']}"
    if not info.get("traces_settled", True):
        yield "spans were still arriving when the wait for them ended: raise --k6spec-deadline"


def _machine(health: Mapping[str, Any]) -> Iterator[str]:
    """What is worth knowing though it spoils nothing; what does is said by each claim as well."""
    k6, machine, late = (health.get(name) for name in ("k6_cpu", "machine_cpu", "late_ns"))
    if health.get("idle_vus"):
        yield f"{health['idle_vus']:,} of {health['planned_vus']:,} planned VUs made no request"
    if k6 is not None and k6 > _MUCH:
        yield f"k6 took {format_ratio(k6)} of its {health['cores']:g} cores in the busiest tenth of the time"
    elif machine is not None and machine > _BUSY:
        yield f"the machine was busy ({format_ratio(machine)}; k6 took {format_ratio(k6 or 0)})"
    if late is not None and late > _LATE:
        yield f"k6 began iterations up to {format_ns(late)} late (of 95 % of them)"
