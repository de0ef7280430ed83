"""Bounds that reducers know themselves: the truth lies within them, whatever is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k6spec.query.reducers import Apdex, Bounded, ShareWithin, StandardDeviation, Sum

VALUES = st.lists(st.floats(0, 100), max_size=6)


@pytest.mark.parametrize("reducer", [Sum(), StandardDeviation(), ShareWithin(20, 60), Apdex(20, 60)])
@given(st.lists(st.floats(0, 100), min_size=1, max_size=6), VALUES, st.booleans(), st.data())
def test_the_truth_lies_within_the_bounds(
    reducer: Bounded, seen: list[float], lost: list[float], absent: bool, data: st.DataObject
) -> None:
    least = [data.draw(st.floats(0, value)) if not absent else 0.0 for value in lost]
    most = [data.draw(st.floats(value, 200)) for value in lost]
    there = [value for value in lost if not absent or data.draw(st.booleans())]

    low, high = reducer.bounds(np.array(seen), np.array(least), np.array(most), absent=absent)

    truth = reducer(np.array([*seen, *there]))  # type: ignore[operator]
    assert low - 1e-9 <= truth <= high + 1e-9
