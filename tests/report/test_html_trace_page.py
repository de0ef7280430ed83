"""The text of the trace page: what it carries, and that nothing in it can act."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k6spec.report.html.payload import colours
from k6spec.report.html.trace_page import trace_page
from k6spec.report.html.visible import one_line, shorten, visible_block, visible_line
from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.store.spans import SCHEMA

HOSTILE = "</script></style></noscript><img src=x onerror=alert(1)><!--\"'&"


class Elements(HTMLParser):
    """The elements of a page, as a browser without JavaScript sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.tags[-1] if self.tags else "", []).append(data)


def row(**more: Any) -> dict[str, Any]:
    return {"trace_id": bytes(15) + b"\x01", "span_id": bytes(7) + b"\x0a", "service": "orders", "name": "GET /",
            "start_ns": 10**18, "duration_ns": 5_000_000, **more}  # fmt: skip


def tree_of(*rows: dict[str, Any]) -> TraceTree:
    return build_trace_tree(pa.Table.from_pylist(list(rows), schema=SCHEMA))


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="trace-data">(.*?)</script>', page, re.DOTALL)
    assert found
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def hostile_page(text: str) -> str:
    everywhere = row(
        service=text, name=text, kind=text, status="error", status_message=text, scope_name=text,
        db_statement=text, attributes=[(text, text)], resource=[(text, text)],
        events=[{"time_ns": 10**18, "name": text, "attributes": [(text, text)]}],
        links=[{"trace_id": bytes(16), "span_id": bytes(8), "attributes": [(text, text)]}],
    )  # fmt: skip
    return trace_page(tree_of(everywhere), title=text, about=[text], highlight=[text, "0" * 15 + "a"])


def test_hostile_text_makes_no_element_and_no_attribute() -> None:
    hostile, harmless = Elements(hostile_page(HOSTILE)), Elements(hostile_page("harmless"))
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]


@given(st.text(alphabet=st.sampled_from("<>&\"'/!-\\\x00\n\u2028\u202ea scriptSCRIPT"), max_size=40))
def test_no_text_changes_the_elements_of_the_page(text: str) -> None:
    assert Elements(hostile_page(f"{text}|")).tags == Elements(hostile_page("harmless")).tags


def test_the_policy_allows_this_script_and_style_alone() -> None:
    page = trace_page(tree_of(row()), title="t")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        source = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert source
        digest = base64.b64encode(hashlib.sha256(source[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert "unsafe" not in policy[1]


def test_the_page_refers_to_nothing_outside_itself() -> None:
    page = trace_page(tree_of(row()), title="t")
    assert [value for name, value in Elements(page).attributes if name in ("src", "href")] == ["data:,"]
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|fetch|url)\(?", page)


def test_a_huge_value_is_cut_and_says_its_length() -> None:
    page = trace_page(tree_of(row(attributes=[("body", "x" * 1_000_000)])), title="t")
    (key, (shown, length)), *_ = data_of(page)["spans"][0]["attributes"]
    assert (key, len(shown), length) == ("body", 8_192, 1_000_000)
    assert len(page) < 100_000


def test_only_the_client_span_has_phases() -> None:
    events = [
        {"time_ns": 10**18 + 100, "name": "k6.waiting", "attributes": [("duration_ns", "400")]},
        {"time_ns": 10**18, "name": "k6.sending", "attributes": [("duration_ns", "much")]},
        {"time_ns": 10**18, "name": "k6.lunch", "attributes": [("duration_ns", "5")]},
    ]
    client = data_of(trace_page(tree_of(row(service="k6", events=events)), title="t"))["spans"][0]
    assert client["phases"] == [{"name": "waiting", "at": 100, "duration": 400}]
    assert [event["name"] for event in client["events"]] == ["k6.sending", "k6.lunch"]
    other = data_of(trace_page(tree_of(row(events=events)), title="t"))["spans"][0]
    assert "phases" not in other
    assert len(other["events"]) == 3


def test_highlighted_ids_are_counted_and_marked_whatever_their_case() -> None:
    page = trace_page(tree_of(row()), title="t", highlight=["000000000000000A"])
    assert data_of(page)["spans"][0]["marked"] is True
    assert 'data-jump="marked"' in page


def test_of_many_claims_about_one_trace_the_first_are_named() -> None:
    page = trace_page(tree_of(row()), title="t", about=[f"claim {number}" for number in range(200)])
    assert page.count("claim ") == 5
    assert "and 195 more" in page


def test_resources_are_carried_once() -> None:
    rows = [row(span_id=bytes(7) + bytes([n]), resource=[("host", "a" if n < 5 else "b")]) for n in range(1, 9)]
    data = data_of(trace_page(tree_of(*rows), title="t"))
    assert len(data["resources"]) == 2


def test_k6_is_neutral_and_the_palette_repeats_striped() -> None:
    names = ["k6", *(f"s{number}" for number in range(11))]
    listed = list(colours(names))
    assert (listed[0], listed[1], listed[10], listed[11]) == ("k6", "c0", "c9", "c0 striped")
    assert len(set(listed)) == len(names)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x00b\x1b[31m", "a␀b␛[31m"),
        ("\x7f\x85", "␡⟨U+0085⟩"),
        ("abc\u202edcba", "abc⟨U+202E⟩dcba"),
        ("\ud800", "⟨U+D800⟩"),
        ("line\nnext", "line␊next"),
        ("שלום, 世界 µ é", "שלום, 世界 µ é"),
    ],
)
def test_acting_characters_are_shown(text: str, seen: str) -> None:
    assert visible_line(text) == seen


def test_blocks_keep_their_lines_and_statements_lose_them() -> None:
    assert visible_block("a\r\n\tb\x00") == "a\n\tb␀"
    assert one_line(" SELECT *\n\t FROM t\x00 ") == "SELECT * FROM t␀"
    assert shorten("abcdef", 4) == "abc…"
