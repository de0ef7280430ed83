"""What only the whole trace tells, against the reference model: the critical path, depth, fan-out, concurrency."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import assume, given, settings

from k6spec import span
from k6spec.query.critical_path import critical_path
from k6spec.query.forest import Forest, forests
from k6spec.query.logic import Conditions
from k6spec.query.measured import TraceMeasure, read_measured_spans, read_measured_traces
from k6spec.query.measures import CONCURRENCY, CRITICAL_SHARE, CRITICAL_TIME, DEPTH, ENTRY_GAP, FAN_OUT, client_gap
from k6spec.query.scope import trace_columns
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.run import Run
from tests.support import model
from tests.support.forests import archived, request_forests
from tests.support.model import Seen
from tests.support.runs import BEGIN

LOAD = span("load")


@settings(max_examples=50, deadline=None)
@given(request_forests())
def test_time_on_the_critical_path(spans: list[Seen]) -> None:
    with archived(spans) as run:
        forest = whole(run, LOAD.conditions)
    path = critical_path(forest)

    found = Counter(
        (trace, whole, own)
        for trace, whole, own in zip(forest.trace.tolist(), path.whole.tolist(), path.own.tolist(), strict=True)
        if whole
    )
    assert found == Counter((one.trace, whole, own) for one, whole, own, _ in model.critical_path(spans) if whole)


@settings(max_examples=30, deadline=None)
@given(request_forests(whole=False))
def test_the_own_times_of_a_path_add_up_to_its_request(spans: list[Seen]) -> None:
    with archived(spans) as run:
        forest = whole(run, ())
    path = critical_path(forest)

    for trace in {one.trace for one in spans}:
        asked = next(one.length for one in spans if one.service == "k6" and one.trace == trace)
        assert path.own[forest.trace == trace].sum() == asked
    assert (path.own >= 0).all()


@settings(max_examples=30, deadline=None)
@given(request_forests())
def test_of_traces(spans: list[Seen]) -> None:
    traces = {one.trace: one.length for one in spans if one.service == "k6"}
    outer = Counter[int]()
    for one, length, _own, above in model.critical_path(spans):
        if one.name == "load" and not any(other.name == "load" for other in above):
            outer[one.trace] += length

    assume(any(is_load(one) for one in spans))
    with archived(spans) as run:
        assert values(run, CRITICAL_TIME) == sorted(outer[trace] for trace in traces)
        assert values(run, CRITICAL_SHARE) == sorted(outer[trace] / length for trace, length in traces.items())
        assert values(run, DEPTH, ()) == sorted(model.depth(spans, trace) for trace in traces)
        assert values(run, FAN_OUT) == sorted(model.fan_out(spans, trace, is_load) for trace in traces)
        assert values(run, CONCURRENCY) == sorted(model.concurrency(spans, trace, is_load) for trace in traces)


@settings(max_examples=30, deadline=None)
@given(request_forests())
def test_gaps_between_callers_and_what_answers_them(spans: list[Seen]) -> None:
    with archived(spans) as run:
        found = read_measured_spans(run.database, Selector(conditions=LOAD.conditions), client_gap)
        entry = values(run, ENTRY_GAP, ())

    gaps = [model.gap(spans, one) for one in spans if one.name == "load"]
    assert sorted(found.values.tolist()) == sorted(gap for gap in gaps if gap is not None)
    clients = [one for one in spans if one.service == "k6"]
    assert entry == sorted(
        max(one.length - max(below.length for below in model.direct_children(spans, one)), 0) for one in clients
    )


@settings(max_examples=40, deadline=None)
@given(request_forests(whole=False))
def test_where_errors_begin_and_which_come_up_to_the_entry(spans: list[Seen]) -> None:
    system = [one for one in spans if one.service != "k6"]
    with archived(spans) as run:
        for selector, meets in (
            (span.originating_errors(), lambda one: model.originates(spans, one)),
            (span.reaching_entry(), lambda one: model.reaches_entry(spans, one)),
            (~span.reaching_entry(), lambda one: not model.reaches_entry(spans, one)),
        ):
            sql, parameters = where((SYSTEM_SPAN, *selector.conditions))
            rows = run.database.rows(
                f"SELECT start_ns - {BEGIN}, duration_ns FROM spans s WHERE {sql}", parameters
            )
            assert sorted(rows) == sorted((one.start, one.length) for one in system if meets(one))


def is_load(one: Seen) -> bool:
    return one.name == "load"


def whole(run: Run, members: Conditions) -> Forest:
    (forest,) = forests(run.database, np.ones(len(trace_columns(run.database)), bool), members)
    return forest


def values(run: Run, measure: TraceMeasure, conditions: Conditions = LOAD.conditions) -> list[float]:
    """Of all traces, complete or not."""
    found = read_measured_traces(run.database, Selector(conditions=conditions), measure)
    return sorted([*found.values.tolist(), *found.missing.seen.tolist()])
