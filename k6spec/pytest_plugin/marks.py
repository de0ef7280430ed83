"""The marks that specs write: ``k6spec.load`` and ``k6spec.known_issue``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from k6spec.declare.load import Parts, declare_load
from k6spec.declare.profile import Profile
from k6spec.declare.propagation import Propagator, TracePer
from k6spec.declare.scenario import AnyScenario
from k6spec.units import Duration, Ratio

LOAD_MARK: Final = "k6spec_load"
NO_REHEARSAL_MARK: Final = "k6spec_no_rehearsal"

no_rehearsal: Final[pytest.MarkDecorator] = getattr(pytest.mark, NO_REHEARSAL_MARK)
"""Marks a test whose body is not to be run over the preflight's few requests (docs/preflight.md)."""


def load(
    scenario: AnyScenario | Parts,
    profile: Profile | None = None,
    *,
    cooldown: str | Duration = "0s",
    shared_over: Sequence[str] = (),
    propagate_to: Sequence[str] = (),
    sampling: Ratio = Ratio(1.0),
    control: Ratio = Ratio(0.0),
    propagator: Propagator | Sequence[Propagator] | None = None,
    baggage: Mapping[str, str] | None = None,
    trace_per: TracePer = "request",
    preflight: bool = True,
) -> pytest.MarkDecorator:
    """Declares the load of a test, a class or a module (``pytestmark = k6spec.load(...)``); the nearest wins.

    Args:
        scenario: a scenario, or several at once as ``{name: (scenario, profile)}``.
        profile: how it is run.
        cooldown: how long the machine rests after this load before the next one.
        shared_over: names of fixtures that do not change the system, so that tests with and without them
            judge the same run.
        propagate_to: further hosts, beside the system's own, that get the trace context.
        sampling: the share of requests whose traces are sampled. The decision is recorded with each request;
            below 100 % its threshold travels in ``tracestate`` (OpenTelemetry's ``ot=th:…``).
        control: a random share of requests sent without sampling, and marked so: what tracing itself costs the
            system is the difference to the others.
        propagator: how trace context travels: ``"w3c"`` (W3C Trace Context), ``"b3"``, ``"b3multi"``,
            ``"jaeger"``, or several in a tuple. By default what the script asks of ``k6/experimental/tracing``,
            else ``"w3c"``.
        baggage: entries for the ``baggage`` header (with Jaeger's format ``uberctx-*`` as well), and so for
            every service behind the system that passes baggage on.
        trace_per: what one trace is of. ``"request"``; ``"iteration"``: all requests of a user's journey, below a
            root span of k6spec's own; ``"group"``: those of a k6 ``group()``, and requests outside of groups each
            by itself. The decision to sample is the trace's.
        preflight: whether a few iterations may be run before it (docs/preflight.md); False where the script's
            ``setup()`` must not run twice, or where all requests are to fail.
    """
    declared = declare_load(
        scenario,
        profile,
        cooldown=cooldown,
        shared_over=shared_over,
        propagate_to=propagate_to,
        sampling=sampling,
        control=control,
        propagator=propagator,
        baggage=baggage,
        trace_per=trace_per,
        preflight=preflight,
    )
    mark: pytest.MarkDecorator = getattr(pytest.mark, LOAD_MARK)(declared)
    return mark


def known_issue(reference: str) -> pytest.MarkDecorator:
    """Marks a claim that is known not to hold; the day it holds, the test fails and asks to take the mark away.

    Only a failed claim is expected: a crash, a fault or an inconclusive claim is reported as ever.
    """
    return pytest.mark.xfail(reason=reference, strict=True, raises=AssertionError)


def issue_of(item: pytest.Item) -> str:
    """The reference of the issue by which its claim is known not to hold; empty where there is none."""
    mark = item.get_closest_marker("xfail")
    if mark is None or mark.args or mark.kwargs.get("raises") is not AssertionError:
        return ""
    return str(mark.kwargs.get("reason", ""))
