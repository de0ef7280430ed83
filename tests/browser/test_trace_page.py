"""The trace page in a real browser, opened from disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from playwright.sync_api import Page, expect

from k6spec.report.html.trace_page import trace_page
from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.store.spans import SCHEMA
from tests.browser.conftest import LOW_CONTRAST

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.browser

START = 1_780_000_000_000_000_000
MS = 1_000_000
SLOW = f"{9:016x}"
CART = "SELECT * FROM cart JOIN cart_item USING (cart_id) WHERE cart_id = $1"
LOCK = "SELECT sku, quantity\nFROM stock\nWHERE sku = $1\nFOR UPDATE"
INSERT = "INSERT INTO orders (customer, total) VALUES ($1, $2) RETURNING id"
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">'\"&\x00\u202egnp"
STACK = """Traceback (most recent call last):
  File "/srv/stock/reserve.py", line 41, in reserve
    row = session.execute(lock_row, {"sku": sku}).one()
  File "/usr/lib/python3/site-packages/sqlalchemy/engine/base.py", line 1419, in execute
    return meth(self, distilled_parameters, execution_options)
psycopg.errors.LockNotAvailable: could not obtain lock on row in relation "stock"
"""


def span(number: int, parent: int | None, service: str, name: str, at: float, lasts: float, **more: Any) -> dict:
    """A row of the span table; ``at`` and ``lasts`` in milliseconds."""
    resource = {"service.name": service, "service.version": "1.4.2", "host.name": f"{service}-7c9f5"}
    return {
        "trace_id": bytes.fromhex("9f31c0de5a5a7a7ae2b44c1d09e7a1b2"),
        "span_id": number.to_bytes(8, "big"),
        "parent_span_id": None if parent is None else parent.to_bytes(8, "big"),
        "service": service,
        "name": name,
        "kind": "internal",
        "start_ns": START + round(at * MS),
        "duration_ns": round(lasts * MS),
        "status": "unset",
        "resource": list(resource.items()),
        **more,
    }


def event(name: str, at: float, **attributes: str) -> dict[str, Any]:
    pairs = [(key.replace("__", "."), value) for key, value in attributes.items()]
    return {"name": name, "time_ns": START + round(at * MS), "attributes": pairs}


def phase(name: str, at: float, lasts: float) -> dict[str, Any]:
    return event(f"k6.{name}", at, duration_ns=str(round(lasts * MS)))


def sql(text: str, **more: Any) -> dict[str, Any]:
    attributes = {
        "db.system.name": "postgresql",
        "db.query.text": text,
        "server.address": "db",
        "server.port": "5432",
    }
    return {"kind": "client", "db_statement": text, "attributes": list(attributes.items()), **more}


def tree_of(*rows: dict[str, Any]) -> TraceTree:
    return build_trace_tree(pa.Table.from_pylist(list(rows), schema=SCHEMA))


def checkout() -> TraceTree:
    """A checkout that waits for a row lock in the stock service."""
    phases = [
        phase("blocked", 0, 1.2),
        phase("connecting", 1.2, 2.1),
        phase("tls_handshaking", 3.3, 6.4),
        phase("sending", 9.7, 0.2),
        phase("waiting", 9.9, 449),
        phase("receiving", 458.9, 3.3),
    ]
    http = [("http.request.method", "POST"), ("url.full", "http://orders:8080/checkout"), ("k6.vu", "17")]
    server = [("http.request.method", "POST"), ("http.route", "/checkout"), ("http.response.status_code", "201")]
    reserve = [("http.request.method", "POST"), ("http.route", "/reserve"), ("http.response.status_code", "503")]
    lock = event(
        "exception",
        436,
        exception__type="psycopg.errors.LockNotAvailable",
        exception__message='could not obtain lock on row in relation "stock"',
        exception__stacktrace=STACK,
    )
    return tree_of(
        span(1, None, "k6", "POST /checkout", 0, 462.2, kind="client", events=phases, attributes=http),
        span(2, 1, "orders", "POST /checkout", 12, 444, kind="server", attributes=server),
        span(3, 2, "orders", "authenticate", 13, 6.2),
        span(4, 3, "orders", "SELECT shop", 14, 4, **sql("SELECT id, name, tier FROM customer WHERE token = $1")),
        span(5, 2, "orders", "SELECT shop", 20, 7, **sql(CART)),
        span(6, 2, "orders", "POST", 29, 412, kind="client", attributes=reserve[:1]),
        span(7, 6, "stock", "POST /reserve", 32, 406, kind="server", status="error",
             status_message="could not obtain lock", attributes=reserve, events=[lock]),
        span(8, 7, "stock", "SELECT stock", 34, 3, **sql("SELECT sku, reserved FROM stock WHERE sku = $1")),
        span(9, 7, "stock", "SELECT stock", 39, 395, **sql(LOCK)),
        span(10, 2, "orders", "INSERT shop", 442, 8, **sql(INSERT)),
        span(11, 2, "orders", "order.created publish", 451, 3, kind="producer"),
        span(12, 11, "mailer", "order.created process", 449, 34, kind="consumer",
             links=[{"trace_id": bytes(15) + b"\x07", "span_id": bytes(7) + b"\x09"}]),
        span(13, 77, "stock", "cache refresh", 120, 41),
    )  # fmt: skip


@pytest.fixture
def opened(opened_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a tree's page from disk."""

    def open_page(tree: TraceTree, *, highlight: tuple[str, ...] = (), **context_options: Any) -> Page:
        text = trace_page(
            tree, title="Checkout waits for a lock", highlight=highlight, about=["max 395 ms, limit 200 ms"]
        )
        return opened_page(text, **context_options)

    return open_page


def active_name(page: Page) -> str:
    return page.evaluate("document.activeElement.querySelector('.operation')?.textContent")


def test_the_offending_span_is_marked_open_and_in_view(opened: Callable[..., Page]) -> None:
    page = opened(checkout(), highlight=(SLOW,))
    row = page.locator(".row.is-marked")
    assert row.count() == 1
    expect(row).to_contain_text("offending", use_inner_text=True)
    box = row.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 800 - box["height"]
    panel = page.locator(".detail").inner_text()
    assert "db.query.text" in panel
    assert "FOR UPDATE" in panel
    assert "service.version" in panel


def test_an_offending_span_far_down_is_scrolled_to(opened: Callable[..., Page]) -> None:
    many = [span(number, 1, "orders", f"step {number}", number, 1) for number in range(2, 400)]
    page = opened(tree_of(span(1, None, "orders", "GET /", 0, 500), *many), highlight=(f"{350:016x}",))
    box = page.locator(".row.is-marked").bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 800 - box["height"]


def test_hostile_names_and_values_stay_text(opened: Callable[..., Page]) -> None:
    hostile = span(1, None, HOSTILE, HOSTILE, 0, 10, status="error", status_message=HOSTILE, kind=HOSTILE,
                   attributes=[(HOSTILE, HOSTILE), ("huge", "x" * 1_000_000)],
                   events=[event(HOSTILE, 1, a=HOSTILE)],
                   db_statement=HOSTILE)  # fmt: skip
    page = opened(tree_of(hostile), highlight=(f"{1:016x}",))
    assert page.title() == "Checkout waits for a lock"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    name = page.locator(".row .operation").text_content()
    assert name == "</script><img src=x onerror=\"document.title='owned'\">'\"&␀⟨U+202E⟩gnp"
    assert "8,192 of 1,000,000 characters shown" in page.locator(".detail").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_moves_collapses_and_opens(opened: Callable[..., Page]) -> None:
    page = opened(checkout())
    page.locator(".row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert active_name(page) == "authenticate"
    page.keyboard.press("ArrowLeft")
    assert page.locator(":focus").get_attribute("aria-expanded") == "false"
    assert page.locator(".row").count() == 12
    page.keyboard.press("ArrowRight")
    assert page.locator(".row").count() == 13
    page.keyboard.press("ArrowRight")
    assert active_name(page) == "SELECT shop"
    page.keyboard.press("Enter")
    assert "customer" in page.locator(".detail").inner_text()
    page.keyboard.press(" ")
    assert page.locator(".detail").count() == 0
    page.keyboard.press("End")
    assert active_name(page) == "cache refresh"
    page.keyboard.press("Home")
    page.keyboard.press("n")
    assert active_name(page) == "POST /reserve"


def test_collapsing_above_the_current_span_keeps_a_row_reachable(opened: Callable[..., Page]) -> None:
    page = opened(checkout(), highlight=(SLOW,))
    page.get_by_role("button", name="Collapse all").click()
    assert page.locator(".row").count() == 2
    assert page.locator('.row[tabindex="0"]').count() == 1


def test_the_tree_is_told_to_assistive_technology(opened: Callable[..., Page]) -> None:
    page = opened(checkout())
    grid = page.get_by_role("treegrid", name="Spans of the trace")
    assert grid.get_by_role("columnheader").count() == 3
    row = page.locator(".row").nth(2)
    told = {name: row.get_attribute(f"aria-{name}") for name in ("level", "posinset", "setsize", "expanded")}
    assert told == {"level": "3", "posinset": "1", "setsize": "5", "expanded": "true"}


def test_the_filter_finds_attributes_and_keeps_the_way_to_them(opened: Callable[..., Page]) -> None:
    page = opened(checkout())
    page.keyboard.press("/")
    page.keyboard.type("for update")
    page.locator(".found", has_text="1 of 13 spans").wait_for()
    assert page.locator(".row .service").all_text_contents() == ["k6", "orders", "orders", "stock", "stock"]
    page.keyboard.press("Escape")
    assert page.locator(".row").count() == 13


def test_k6_phases_skew_and_exceptions_are_shown(opened: Callable[..., Page]) -> None:
    page = opened(checkout())
    assert page.locator(".row").first.locator(".bar.phase").count() == 6
    page.locator(".row", has_text="order.created process").click()
    assert "starts 2 ms before it" in page.locator(".detail").inner_text()
    page.locator(".row", has_text="POST /reserve").click()
    assert page.locator(".exception pre").text_content() == STACK
    assert page.locator(".badge", has_text="parent missing").count() == 1


def test_zoom_spreads_one_span_over_the_axis_and_escape_undoes_it(opened: Callable[..., Page]) -> None:
    page = opened(checkout())
    row = page.locator(".row", has_text="INSERT shop")
    bar = row.locator(".bar")
    before = bar.bounding_box()
    row.focus()
    page.keyboard.press("z")
    zoomed = bar.bounding_box()
    page.keyboard.press("Escape")
    assert before is not None
    assert zoomed is not None
    assert zoomed["width"] > 10 * before["width"]
    assert bar.bounding_box() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(opened: Callable[..., Page], scheme: str) -> None:
    page = opened(checkout(), highlight=(SLOW,), color_scheme=scheme)
    assert page.evaluate(LOW_CONTRAST) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(opened: Callable[..., Page], scheme: str) -> None:
    page = opened(checkout(), highlight=(SLOW,), viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".row.is-marked .bar").is_visible()


def test_without_javascript_the_spans_are_listed(opened: Callable[..., Page]) -> None:
    page = opened(checkout(), highlight=(SLOW,), java_script_enabled=False)
    table = page.locator(".plain")
    assert table.locator("tbody tr").count() == 13
    assert "FOR UPDATE" in table.locator("tr.marked").inner_text()


@pytest.mark.parametrize("shape", ["flat", "deep", "bushy"])
def test_ten_thousand_spans_stay_usable(opened: Callable[..., Page], shape: str) -> None:
    above: dict[str, Callable[[int], int]] = {
        "flat": lambda number: 1,
        "deep": lambda number: number - 1,
        "bushy": lambda number: number // 5 + 1,
    }
    rows = [
        span(number, above[shape](number), "orders", f"step {number}", number / 99, 3)
        for number in range(2, 10_001)
    ]
    tree = tree_of(span(1, None, "orders", "GET /", 0, 120), *rows)
    began = time.perf_counter()
    page = opened(tree, highlight=(f"{7_000:016x}",))
    page.locator(".row.is-marked").focus()
    page.keyboard.press("ArrowDown")
    page.evaluate("new Promise(requestAnimationFrame)")
    took = time.perf_counter() - began
    print(f"{shape}: open and move {took:.2f} s")
    assert took < 15
