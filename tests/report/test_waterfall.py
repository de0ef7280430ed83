"""The waterfall in the terminal."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.report.waterfall import render_waterfall
from k6spec.store.spans import SCHEMA

MS = 1_000_000


def span(number: int, parent: int | None, service: str, name: str, at: float, lasts: float, **more: Any) -> dict:
    return {
        "trace_id": bytes.fromhex("9f31c0de5a5a7a7ae2b44c1d09e7a1b2"),
        "span_id": number.to_bytes(8, "big"),
        "parent_span_id": None if parent is None else parent.to_bytes(8, "big"),
        "service": service,
        "name": name,
        "start_ns": 10**18 + round(at * MS),
        "duration_ns": round(lasts * MS),
        **more,
    }


def tree_of(*rows: dict[str, Any]) -> TraceTree:
    return build_trace_tree(pa.Table.from_pylist(list(rows), schema=SCHEMA))


def drawn(
    tree: TraceTree, *, width: int | None = 90, encoding: str = "utf-8", colour: bool = False, **more: Any
) -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    console = Console(
        file=out,
        width=120,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    console.print(render_waterfall(tree, width=width, **more))
    out.flush()
    return out.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


@pytest.fixture
def checkout() -> TraceTree:
    return tree_of(
        span(1, None, "k6", "POST /checkout", 0, 400),
        span(2, 1, "orders", "POST /checkout", 10, 380),
        span(3, 2, "orders", "SELECT shop", 12, 4, db_statement="SELECT id\nFROM customer WHERE token = $1"),
        span(4, 2, "stock", "POST /reserve", 40, 340, status="error"),
        span(5, 4, "stock", "SELECT stock", 45, 330, db_statement="SELECT sku FROM stock FOR UPDATE"),
    )


def test_a_trace_is_drawn_on_its_time_axis(checkout: TraceTree) -> None:
    text = drawn(checkout, highlight=[f"{5:016x}"])
    assert text == EXPECTED


def test_plain_ascii_where_the_terminal_cannot_do_better(checkout: TraceTree) -> None:
    text = drawn(checkout, encoding="ascii", highlight=[f"{5:016x}"])
    assert text == EXPECTED_ASCII


def test_the_console_gives_the_width_if_nobody_else_does(checkout: TraceTree) -> None:
    assert {cell_len(line) for line in drawn(checkout, width=None).splitlines()} == {120}


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_line_is_wider_than_asked(checkout: TraceTree, width: int) -> None:
    assert {cell_len(line) for line in drawn(checkout, width=width).splitlines()} == {width}


@given(st.text(max_size=60), st.integers(40, 110), st.booleans())
def test_whatever_a_name_holds_it_stays_on_its_row(name: str, width: int, ascii_only: bool) -> None:
    tree = tree_of(span(1, None, name, f"[bold red]{name}[/]", 0, 5, db_statement=name))
    text = drawn(tree, width=width, encoding="ascii" if ascii_only else "utf-8")
    lines = text.split("\n")[:-1]
    assert [cell_len(line) for line in lines] == [width, width]
    assert "\x1b" not in text


def test_markup_and_escapes_in_names_are_text() -> None:
    text = drawn(tree_of(span(1, None, "a", "[red]x[/red]\x1b[2J", 0, 5)), colour=True)
    assert "[red]x[/red]␛[2J" in text
    assert "\x1b[2J" not in text


def test_a_long_trace_shows_what_matters_and_counts_the_rest() -> None:
    many = [span(number, 1, "orders", f"step {number}", number, 1 + (number == 30)) for number in range(2, 100)]
    failed = span(200, 1, "orders", "failed", 120, 1, status="error")
    tree = tree_of(span(1, None, "orders", "GET /", 0, 130), *many, failed)
    lines = drawn(tree, highlight=[f"{50:016x}"], max_rows=4).splitlines()
    assert [line[:24].rstrip() for line in lines[1:]] == [
        "  orders GET /",
        "  … 28 more spans",
        "  ├ orders step 30",
        "  … 19 more spans",
        "▶ ├ orders step 50",
        "  … 49 more spans",
        " ✗└ orders failed",
    ]


def test_a_deep_chain_keeps_half_of_the_column_for_names() -> None:
    tree = tree_of(
        *(span(number, number - 1 or None, "orders", f"step {number}", 0, 9) for number in range(1, 2_001))
    )
    text = drawn(tree, highlight=[f"{2_000:016x}"])
    assert "step 2000" in text
    assert len(text.splitlines()) == 62


EXPECTED = """\
9f31c0de…a1b2  5 spans, 3 services, 1 failed      0                       400 ms  duration
  k6 POST /checkout                               ██████████████████████████████    400 ms
  └ orders POST /checkout                         ▕████████████████████████████▎    380 ms
    ├ orders SELECT shop  SELECT id FROM custome… ▕▎                                  4 ms
 ✗  └ stock POST /reserve                            █████████████████████████▌     340 ms
▶     └ stock SELECT stock  SELECT sku FROM stoc…    ▐████████████████████████▏     330 ms
"""
EXPECTED_ASCII = """\
9f31c0de...a1b2  5 spans, 3 services, 1 failed    0                       400 ms  duration
  k6 POST /checkout                               ==============================    400 ms
  `- orders POST /checkout                        ==============================    380 ms
     |- orders SELECT shop  SELECT id FROM cus... ==                                  4 ms
 !   `- stock POST /reserve                          ==========================     340 ms
>       `- stock SELECT stock  SELECT sku FROM...    ==========================     330 ms
"""
