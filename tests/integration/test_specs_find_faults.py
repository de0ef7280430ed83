"""The example specs against the demo shop: green while it is healthy, and each fault found and named.

Loads are real, 50 VUs each. The limits of the specs are far from what a healthy shop needs, and from what each
fault costs; ``may`` names claims that a fault touches as well on a slow machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from demo.faults import FAULTS
from tests.integration.conftest import ROOT, Ended, Project

SPECS = "specs/test_shop_under_load.py"
_LINKED = re.compile(r"^ +(file://\S+\.html)  (.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Which specs are red under a fault, and what lines of the message say (regular expressions)."""

    red: set[str]
    says: tuple[str, ...]
    may: frozenset[str] = frozenset()


CHECKOUT = "test_checkout_is_fast"
NOTHING_FAILS = "test_nothing_fails"
NO_SLOW_SPAN = "test_no_db_span_over_200_ms_under_50_vus"
HISTORY = "test_order_history_is_looked_up_quickly"
N_PLUS_ONE = "test_order_history_has_no_n_plus_one"
CONNECTION = "test_a_database_connection_is_at_hand"
STOCK = "test_stock_answers_quickly"
SERVICE_LEVEL = "test_service_level"

FINDINGS = {
    "slow_query": Finding(
        red={CHECKOUT, NO_SLOW_SPAN, STOCK, SERVICE_LEVEL},
        says=(r"3\d\d ms  SELECT .* FROM stock WHERE .*\(stock, VU \d+, 00:\d\d\)",),
    ),
    "n_plus_one": Finding(red={N_PLUS_ONE}, says=(r"10 ×  SELECT .* FROM order_lines WHERE .*\(orders, VU",)),
    "missing_index": Finding(
        red={HISTORY},
        says=(r"ms  SELECT .* FROM order_events WHERE .*\(orders, VU",),
        may=frozenset({CHECKOUT, NO_SLOW_SPAN, SERVICE_LEVEL}),
    ),
    "small_pool": Finding(
        red={CHECKOUT, NO_SLOW_SPAN, CONNECTION, SERVICE_LEVEL},
        says=(r"POST /checkout 201 .* of it in orders: connect",),
    ),
    "slow_downstream": Finding(
        red={CHECKOUT, STOCK},
        says=(r"POST /reserve   \(stock, VU .*\); 2\d\d ms of it its own, outside the calls",),
    ),
    "hot_key": Finding(
        red={NO_SLOW_SPAN, SERVICE_LEVEL},
        says=(
            r"SELECT count\(\*\) AS demand, … FROM order_lines .*\(stock, VU",
            r"slow traces differ in shop\.sku = 'sku-hot' \(\d+ % of the slow, \d+ % of the others\)",
        ),
    ),
    "lock_contention": Finding(
        red={CHECKOUT, NO_SLOW_SPAN, STOCK, SERVICE_LEVEL},
        # SQLite has one lock for the whole database: whoever writes waits for it, in orders and in stock.
        says=(r" s  BEGIN IMMEDIATE   \((orders|stock), VU", r"([\d,]+|all) of them are BEGIN IMMEDIATE"),
    ),
    "errors": Finding(
        red={CHECKOUT, NOTHING_FAILS, STOCK, SERVICE_LEVEL},
        says=(r"[\d,]+ of [\d,]+ fail in stock: POST /reserve: .*OverloadedError: \d+ reservations in flight",),
    ),
}


def test_every_fault_of_the_shop_is_looked_for() -> None:
    assert FINDINGS.keys() == FAULTS.keys()


def test_a_healthy_shop_is_green(project: Project) -> None:
    ended = _judged(project, "specs/")

    assert ended.code == 0, ended.text
    assert {outcome for _name, outcome in _verdicts(project)} == {"passed"}


@pytest.mark.parametrize("fault", FINDINGS)
def test_a_fault_is_found_and_named(project: Project, fault: str) -> None:
    finding = FINDINGS[fault]

    ended = _judged(project, SPECS, fault=fault)

    red = set(re.findall(rf"^FAILED {SPECS}::(\w+)", ended.text, re.MULTILINE))
    assert ended.code == 1, ended.text
    assert finding.red <= red <= finding.red | finding.may, ended.text
    assert {name for name, outcome in _verdicts(project) if outcome == "failed"} == red
    assert "ERROR" not in ended.text
    for line in finding.says:
        assert re.search(line, ended.text), f"{line} is not in:\n{ended.text}"


def _judged(project: Project, *options: str, fault: str = "") -> Ended:
    """The example specs, under a fault; whichever page the output links to shows the fault's span."""
    project.env |= {"SHOP_FAULTS": fault, "K6SPEC_RUNS": str(project.runs)}
    # The lock is the machine's: other loads at the same time would change what is measured.
    del project.env["TMPDIR"]
    ended = project.run(*options, cwd=ROOT, timeout=150)
    if fault:
        _check_pages(project, fault, list(_pages(ended, twins=False)))
        assert all(page.is_file() for page in _pages(ended, twins=True))
    return ended


def _check_pages(project: Project, fault: str, pages: list[Path]) -> None:
    span = FAULTS[fault].span
    assert span is not None
    assert pages
    assert all(page.is_file() for page in pages)
    assert any(span in page.read_text() for page in pages)
    offending = [verdict["trace_ids"] for info in project.infos() for verdict in info["verdicts"]]
    assert {page.stem for page in pages} == {traces[0] for traces in offending if traces}
    assert all(pages[0].with_stem(trace).is_file() for traces in offending for trace in traces)


def _pages(ended: Ended, *, twins: bool) -> Iterator[Path]:
    """The pages that the output links to: of offending traces, or of the healthy ones beside them."""
    for link, text in _LINKED.findall(ended.text):
        if ("healthy twin" in text) == twins:
            yield Path(unquote(urlsplit(link).path))


def _verdicts(project: Project) -> list[tuple[str, str]]:
    return [
        (verdict["nodeid"].rpartition("::")[2], verdict["outcome"])
        for info in project.infos()
        for verdict in info["verdicts"]
    ]
