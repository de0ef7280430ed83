"""Pools of payloads from Hypothesis strategies."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from k6spec.declare import flow
from k6spec.errors import DeclarationError

ORDERS = st.fixed_dictionaries(
    {"customer": st.text(max_size=8), "quantity": st.integers(1, 99), "gift": st.booleans() | st.none()}
)
PROGRAM = """
import json, sys
from hypothesis import strategies as st
from k6spec.declare import flow
ORDERS = st.fixed_dictionaries(
    {"customer": st.text(max_size=8), "quantity": st.integers(1, 99), "gift": st.booleans() | st.none()}
)
UNRELATED = (57, "a constant of this module", 3.25)
print(json.dumps([flow.payloads(ORDERS, count=30, seed=4).rows, flow.payloads(ORDERS, count=30).rows]))
"""


def test_the_same_seed_gives_the_same_pool_in_every_process(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    outputs = {
        subprocess.run(
            [sys.executable, program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    (output,) = outputs
    assert json.loads(output) == [
        list(flow.payloads(ORDERS, count=30, seed=4).rows),
        list(flow.payloads(ORDERS, count=30).rows),
    ]


def test_another_seed_gives_another_pool() -> None:
    assert flow.payloads(ORDERS, count=30).describe() != flow.payloads(ORDERS, count=30, seed=1).describe()


def test_payloads_differ_and_the_first_is_the_simplest() -> None:
    pool = flow.payloads(ORDERS, count=100)
    texts = {json.dumps(row, sort_keys=True) for row in pool.rows}
    assert len(texts) == 100
    assert pool.rows[0] == {"customer": "", "quantity": 1, "gift": False}


def test_a_strategy_of_few_values_makes_a_small_pool() -> None:
    assert sorted(flow.payloads(st.sampled_from("abc"), count=50).rows) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: flow.payloads("text"), "payloads('text'): give a Hypothesis strategy"),
        (lambda: flow.payloads(st.dates()), "date datetime.date(1, 1, 1) cannot be sent as JSON"),
        (lambda: flow.payloads(st.just(2**60)), f"k6 would round {2**60}"),
        (lambda: flow.payloads(st.just(float("nan"))), "nan cannot be sent as JSON"),
        (lambda: flow.payloads(st.just({1: 2})), "the key 1 cannot be sent as JSON"),
        (lambda: flow.payloads(st.integers().filter(lambda n: n is None)), "its filters refuse too much"),
        (lambda: flow.payloads(st.text(), count=10**6), "count=1000000: at most 1,000"),
        (
            lambda: flow.payloads(st.text(), pick="any"),
            "pick='any': use one of sequential, per_vu, own, unique, random",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(declare: Callable[[], object], says: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(says)):
        declare()


def test_without_hypothesis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", types.ModuleType("hypothesis"))
    with pytest.raises(DeclarationError, match="pip install hypothesis"):
        flow.payloads(ORDERS)
