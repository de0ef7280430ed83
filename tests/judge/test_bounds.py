"""Verdicts when data is taken away: a claim that held may become inconclusive, nothing becomes green."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from k6spec.judge.bounds import bounds
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
