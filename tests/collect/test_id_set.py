"""Looking ids up in whole columns."""

from __future__ import annotations

import os

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k6spec.collect.id_set import IdSet


def column(ids, width=16):
    return pa.array(ids, pa.binary(width))


@pytest.mark.parametrize("width", [8, 16])
def test_it_has_its_ids_and_no_others(width):
    mine, others = ([os.urandom(width) for _ in range(1_000)] for _ in range(2))
    found = IdSet(column(mine, width)).has(column([*others, *mine], width))
    assert found.tolist() == [False] * 1_000 + [True] * 1_000


def test_slices_and_nulls_are_read_as_they_are():
    mine = [os.urandom(8) for _ in range(4)]
    found = IdSet(column(mine, 8)[1:]).has(column([mine[1], None, mine[0], mine[3], None], 8)[1:])
    assert found.tolist() == [False, False, True, False]


def test_a_null_is_not_the_id_of_zeros():
    assert IdSet(column([bytes(8)], 8)).has(column([None, bytes(8)], 8)).tolist() == [False, True]


def test_ids_that_end_alike_are_told_apart():
    mine = [os.urandom(8) + b"the same" for _ in range(3)]
    found = IdSet(column(mine)).has(column([mine[2], bytes(8) + b"the same", None]))
    assert found.tolist() == [True, False, False]


def test_an_id_whose_end_alone_is_among_them_is_not():
    mine = os.urandom(16)
    assert IdSet(column([mine])).has(column([bytes(8) + mine[8:], mine])).tolist() == [False, True]


def test_an_empty_set_has_none():
    empty = IdSet(column([]))
    assert (len(empty), empty.has(column([os.urandom(16)])).tolist()) == (0, [False])


IDS = st.lists(st.binary(min_size=16, max_size=16) | st.sampled_from([bytes(16), b"\1" * 16, b"\1" * 15 + b"\2"]))


@settings(deadline=None)
@given(IDS, IDS)
def test_it_says_where_an_id_is(there, asked):
    ids = IdSet.of(there, 16)
    for wanted, at in zip([*asked, *there], ids.find(column([*asked, *there])), strict=True):
        assert (ids[int(at)] == wanted) if at >= 0 else wanted not in there
        assert (wanted in ids) == (wanted in there)


@settings(deadline=None)
@given(IDS)
def test_it_holds_each_once_and_knows_which_came_again(given_ids):
    ids = IdSet.of(given_ids, 16)
    assert sorted(ids) == sorted(ids[:]) == sorted(set(given_ids))
    assert {each for each, again in zip(ids, ids.repeated, strict=True) if again} == {
        each for each in given_ids if given_ids.count(each) > 1
    }


def test_columns_may_be_in_chunks():
    listed = [bytes([number]) * 16 for number in range(6)]
    chunked = pa.chunked_array([column(listed).slice(1, 2), column([None, *listed[4:]])])
    ids = IdSet(chunked)
    assert sorted(ids) == [listed[1], listed[2], listed[4], listed[5]]
    assert ids.has(chunked).tolist() == [True, True, False, True, True]
