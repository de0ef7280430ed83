"""Verdicts when data is taken away: a claim that held may become inconclusive, nothing becomes green."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from k6spec.judge.bounds import Losses, bounds
from k6spec.query.population import Missing, Population
from k6spec.query.reducers import Count, Max, Mean, Min, Percentile, Reducer, ShareOver

REDUCERS: list[Reducer] = [
    Max(),
    Min(),
    Mean(),
    Percentile(50),
    Percentile(95),
    Percentile(99.9),
    ShareOver(50),
    Count(),
]


@st.composite
def traces(draw: st.DrawFn) -> list[tuple[float, list[float]]]:
    """Traces as (time the client waited, durations of spans within)."""
    return draw(
        st.lists(
            st.floats(1, 100).flatmap(
                lambda longest: st.tuples(
                    st.just(longest), st.lists(st.floats(0, longest), min_size=1, max_size=4)
                )
            ),
            min_size=2,
            max_size=12,
        )
    )


def population(seen: list[tuple[float, list[float]]], lost: list[tuple[float, list[float]]]) -> Population:
    """What is known when the spans of ``lost`` never came; ``per_trace`` is what any trace had."""
    return Population(
        noun="span",
        text="spans",
        values=np.array([value for _longest, spans in seen for value in spans]),
        scope=len(seen) + len(lost),
        seconds=1.0,
        missing=Missing(client_ns=np.array([longest for longest, _spans in lost])),
        per_trace=max(len(spans) for _longest, spans in seen + lost),
        worst=lambda _count, _largest: [],
        traces_beyond=lambda _limit, _over: 0,
        why_empty=lambda: "",
    )


def test_few_large_hidden_members_raise_a_percentile_more_than_all_hidden_ones_do() -> None:
    seen, lost = [(1.0, [0.0])], [(1.0, [0.0]), (3.0, [3.0, 3.0])]
    assert bounds(Percentile(50), population(seen, lost))[1] >= 3.0


@settings(max_examples=500, deadline=None)
@given(traces(), st.data(), st.sampled_from(REDUCERS))
def test_the_truth_lies_within_the_bounds(
    whole: list[tuple[float, list[float]]], data: st.DataObject, reducer: Reducer
) -> None:
    cut = data.draw(st.integers(1, len(whole) - 1))
    seen, lost = whole[:cut], whole[cut:]

    lowest, highest = bounds(reducer, population(seen, lost))

    truth = reducer(np.array([value for _longest, spans in whole for value in spans]))
    assert lowest - 1e-9 <= truth <= highest + 1e-9


@settings(max_examples=300, deadline=None)
@given(traces(), st.data(), st.sampled_from(REDUCERS), st.booleans())
def test_so_it_does_when_single_spans_were_dropped(
    whole: list[tuple[float, list[float]]], data: st.DataObject, reducer: Reducer, doubtful: bool
) -> None:
    left = [(longest, data.draw(st.lists(st.sampled_from(spans), unique=True))) for longest, spans in whole]
    left = [
        (longest, [span for span in spans if span in kept])
        for (longest, spans), (_, kept) in zip(whole, left, strict=True)
    ]
    dropped = sum(len(spans) for _longest, spans in whole) - sum(len(spans) for _longest, spans in left)
    assume(any(spans for _longest, spans in left))

    seen = replace(population(left, []), doubtful=doubtful)
    losses = Losses(spans=dropped, longest_ns=max(longest for longest, _spans in whole))
    lowest, highest = bounds(reducer, seen, losses)

    truth = reducer(np.array([value for _longest, spans in whole for value in spans]))
    assert lowest - 1e-9 <= truth <= highest + 1e-9


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=12),
    st.sampled_from([*REDUCERS, ShareOver(3)]),
)
def test_so_it_does_for_the_calls_of_traces(seen_and_dropped: list[tuple[int, int]], reducer: Reducer) -> None:
    seen, dropped = (np.array(column, dtype=np.float64) for column in zip(*seen_and_dropped, strict=True))
    found = replace(population([(1.0, [value]) for value in seen], []), noun="trace")

    lowest, highest = bounds(reducer, found, Losses(spans=int(dropped.sum()), calls=True))

    assert lowest - 1e-9 <= reducer(seen + dropped) <= highest + 1e-9
