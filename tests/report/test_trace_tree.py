"""Building the tree of one trace, however broken the trace is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.store.spans import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

TRACE = bytes(range(16))


def span(
    number: int, parent: int | None = None, *, start: int = 0, lasts: int = 10, **more: Any
) -> dict[str, Any]:
    return {
        "trace_id": TRACE,
        "span_id": number.to_bytes(8, "big"),
        "parent_span_id": None if parent is None else parent.to_bytes(8, "big"),
        "service": "orders",
        "name": f"span {number}",
        "start_ns": 1_000_000 + start,
        "duration_ns": lasts,
        **more,
    }


def tree_of(*rows: dict[str, Any]) -> TraceTree:
    return build_trace_tree(pa.Table.from_pylist(list(rows), schema=SCHEMA))


def drawn(tree: TraceTree) -> list[str]:
    return [f"{'  ' * depth}{node.name}" for depth, node in tree.walk()]


def test_children_follow_their_parent_by_start_then_id() -> None:
    tree = tree_of(span(4, 1, start=5), span(3, 1, start=5), span(2, 1, start=7), span(1), span(5, 3, start=6))
    assert drawn(tree) == ["span 1", "  span 3", "    span 5", "  span 4", "  span 2"]


def test_the_client_span_comes_first_even_if_the_system_clock_is_early() -> None:
    tree = tree_of(span(2, 99, start=0), span(1, service="k6", start=50))
    assert [root.service for root in tree.roots] == ["k6", "orders"]
    assert tree.services == ("k6", "orders")
    assert tree.operation == "span 1"


def test_a_span_without_its_parent_becomes_an_orphan_root() -> None:
    tree = tree_of(span(1), span(2, 77))
    assert [(root.name, root.orphan) for root in tree.roots] == [("span 1", False), ("span 2", True)]


def test_a_cycle_is_cut_at_its_earliest_span() -> None:
    tree = tree_of(span(1, 3, start=2), span(2, 1, start=1), span(3, 2, start=3), span(4, 1, start=9))
    assert drawn(tree) == ["span 2", "  span 3", "    span 1", "      span 4"]
    assert tree.roots[0].orphan


def test_a_span_that_is_its_own_parent_is_a_root() -> None:
    assert drawn(tree_of(span(1, 1))) == ["span 1"]


def test_repeated_span_ids_are_kept_and_flagged() -> None:
    tree = tree_of(span(1), span(2, 1, name="once"), span(2, 1, name="again"))
    assert sorted((node.name, node.duplicate) for node in tree.roots[0].children) == [
        ("again", True),
        ("once", False),
    ]


def test_children_of_a_shared_id_belong_to_the_span_of_their_own_service() -> None:
    tree = tree_of(
        span(1, service="orders", name="client"),
        span(1, service="stock", name="server", start=1),
        span(2, 1, service="stock", start=2),
    )
    assert drawn(tree) == ["client", "server", "  span 2"]


def test_self_time_counts_overlapping_children_once_and_only_within_the_span() -> None:
    tree = tree_of(
        span(1, start=0, lasts=100),
        span(2, 1, start=-20, lasts=30),
        span(3, 1, start=20, lasts=40),
        span(4, 1, start=30, lasts=10),
        span(5, 1, start=50, lasts=20),
        span(6, 1, start=95, lasts=50),
        span(7, 1, start=500, lasts=50),
    )
    root = tree.roots[0]
    assert root.self_ns == 100 - 10 - 50 - 5


def test_a_child_outside_its_parent_says_by_how_much() -> None:
    tree = tree_of(span(1, lasts=100), span(2, 1, start=-3, lasts=110), span(3, 1, start=10, lasts=90))
    early, inside = tree.roots[0].children
    assert (early.before_parent_ns, early.after_parent_ns, early.outside_parent) == (3, 7, True)
    assert not inside.outside_parent
    assert (tree.start_ns, tree.duration_ns) == (1_000_000 - 3, 110)


def test_everything_of_a_span_is_decoded() -> None:
    row = span(
        1,
        status="error",
        status_message="boom",
        scope_name="flask",
        scope_version="0.5",
        attributes=[("db.query.text", "SELECT 1")],
        resource=[("service.name", "orders")],
        events=[{"time_ns": 9, "name": "late"}, {"time_ns": 3, "name": "early", "attributes": [("a", "b")]}],
        links=[{"trace_id": TRACE, "span_id": bytes(7) + b"\x05"}],
        dropped_events=4,
        dropped_links=0,
    )  # fmt: skip
    tree = tree_of(row)
    node = tree.roots[0]
    assert (node.span_id, node.scope, node.kind, node.statement) == (
        "0" * 15 + "1",
        "flask 0.5",
        "unspecified",
        "SELECT 1",
    )
    assert [event.name for event in node.events] == ["early", "late"]
    assert node.links[0].trace_id == TRACE.hex() == tree.trace_id
    assert node.dropped == {"events": 4}
    assert tree.error_count == 1


@pytest.mark.parametrize("rows", [[], [span(1), {**span(2), "trace_id": bytes(16)}]], ids=["none", "two traces"])
def test_anything_but_one_trace_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="exactly one trace"):
        tree_of(*rows)


def test_a_chain_of_ten_thousand_spans_needs_no_recursion() -> None:
    tree = tree_of(*(span(number, number - 1 or None, start=number) for number in range(1, 10_001)))
    assert [depth for depth, _ in tree.walk()] == list(range(10_000))
    del tree


ids = st.integers(1, 8)
rows = st.lists(st.tuples(ids, st.none() | ids, st.integers(0, 5), st.sampled_from(["k6", "a", "b"])), min_size=1)


@given(rows)
def test_every_span_appears_exactly_once(specs: list[tuple[int, int | None, int, str]]) -> None:
    table = [
        span(number, parent, start=start, service=service, name=str(row))
        for row, (number, parent, start, service) in enumerate(specs)
    ]
    tree = tree_of(*table)
    assert Counter(node.name for _, node in tree.walk()) == Counter(str(row) for row in range(len(specs)))
    assert tree.span_count == len(specs)
    for _, node in tree.walk():
        assert 0 <= node.self_ns <= node.duration_ns
        assert all(child.parent_span_id == node.span_id for child in node.children)


@given(rows, st.randoms())
def test_the_order_of_the_rows_does_not_matter(specs: list[tuple[int, int | None, int, str]], random: Any) -> None:
    table = [span(number, parent, start=start, service=service) for number, parent, start, service in set(specs)]
    unique = {(row["span_id"], row["service"], row["start_ns"]): row for row in table}
    shuffled = list(unique.values())
    random.shuffle(shuffled)
    assert drawn(tree_of(*unique.values())) == drawn(tree_of(*shuffled))


def test_rows_that_duckdb_read_back_give_the_same_tree(tmp_path: Path) -> None:
    attributes = [("a", "b"), ("db.statement", "SELECT 1")]
    events = [{"time_ns": 3, "name": "x", "attributes": [("c", "d")]}]
    table = pa.Table.from_pylist([span(1), span(2, 1, attributes=attributes, events=events)], schema=SCHEMA)
    path = tmp_path / "spans.parquet"
    pq.write_table(table, path)
    rows = duckdb.connect().read_parquet(str(path)).to_arrow_table()
    child = build_trace_tree(rows).roots[0].children[0]
    assert child.attributes == dict(attributes)
    assert child.events[0].attributes == {"c": "d"}
