"""Claims on requests, traces, groups, windows and metrics, against the reference model on loads made up."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from k6spec import http, ms, percent, span, window
from k6spec.judge.log import VerdictLog
from k6spec.query.parts import Part
from k6spec.query.span_language import SpanLanguage
from k6spec.run import Run
from k6spec.store.archive import METRICS
from k6spec.store.requests import SAMPLES
from tests.support import model as forest_model
from tests.support import request_model as model
from tests.support.forests import archived, request_forests
from tests.support.model import Seen
from tests.support.request_model import Asked
from tests.support.runs import BEGIN, MS, Request, Span, entry, make_run, trace_id

NAMES = ("GET /a", "GET /b", "POST /a")
CHECKS = ({}, {"is ok": True}, {"is ok": False}, {"is ok": True, "is fast": False}, {"is fast": True})


@st.composite
def loads(draw: st.DrawFn) -> list[Asked]:
    """A handful of requests, with the spans behind them."""
    return [
        Asked(
            name=draw(st.sampled_from(NAMES)),
            scenario=draw(st.sampled_from(("buy", "look"))),
            status=draw(st.sampled_from((200, 200, 201, 404, 500))),
            at=draw(st.integers(0, 60)),
            lasted=draw(st.integers(1, 30)),
            vus=draw(st.sampled_from((10, 20, 40))),
            stage=draw(st.sampled_from(("ramp", "peak"))),
            warmup=draw(st.booleans()),
            tags=draw(st.sampled_from(({}, {"kind": "new"}, {"kind": "old"}))),
            spans=tuple(draw(st.lists(st.sampled_from(("load", "save")), max_size=4))),
            group=draw(st.sampled_from(("", "::buy", "::buy::pay"))),
            rate=draw(st.sampled_from((5, 10, 20))),
            checks=draw(st.sampled_from(CHECKS)),
        )
        for _ in range(draw(st.integers(1, 9)))
    ]


@contextmanager
def run_of(load: list[Asked]) -> Iterator[Run]:
    """The load as an archived run; each request is a sample of the metric ``size`` too."""
    requests = [
        Request(
            name=one.name,
            scenario=one.scenario,
            status=one.status,
            at_ms=one.at,
            ms=one.lasted,
            vus=one.vus,
            rate=one.rate,
            group=one.group,
            stage=one.stage,
            warmup=one.warmup,
            tags=dict(one.tags),
            spans=[entry(one.name, ms=one.lasted), *[Span(name=name) for name in one.spans]],
        )
        for one in load
    ]
    samples = [
        {
            "metric": "size",
            "type": "trend",
            "contains": "default",
            "time_ns": BEGIN + one.at * MS,
            "value": float(one.lasted),
            "scenario": one.scenario,
            "elapsed_ns": one.at * MS,
            "stage": one.stage,
            "planned_vus": None if one.vus is None else float(one.vus),
            "planned_rate": one.rate,
            "warmup": one.warmup,
        }
        for one in load
    ]
    samples += [
        {"metric": "checks", "type": "rate", "value": float(held), "check": check, "trace_id": trace_id(number)}
        for number, one in enumerate(load)
        for check, held in one.checks.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        kept = make_run(Path(folder) / "2026-11-01T00-00-00-00000001", requests)
        pq.write_table(pa.Table.from_pylist(samples, schema=SAMPLES), kept.path / METRICS)
        run = Run(kept, log=VerdictLog())
        yield run
        run.database.close()


SELECTORS = {
    "name": (http("GET /a"), model.named("GET /a")),
    "glob": (http("GET *"), model.named("GET *")),
    "regex": (http(re.compile("/a$")), lambda one: one.name.endswith("/a")),
    "method": (http(method="post"), model.named("POST *")),
    "status": (http(status=[404, 500]), lambda one: one.status in {404, 500}),
    "scenario": (http(scenario="buy"), lambda one: one.scenario == "buy"),
    "tag": (http(tags={"kind": "new"}), lambda one: one.tags.get("kind") == "new"),
    "url": (http(url="*/b"), lambda one: one.name.endswith("/b")),
    "group": (http(group="::buy*"), lambda one: one.group.startswith("::buy")),
    "failed check": (http(failed_check="is ok"), lambda one: one.checks.get("is ok") is False),
    "passed check": (http(passed_check="is *"), lambda one: any(one.checks.values())),
    "no failed check": (~http(failed_check="is *"), lambda one: all(one.checks.values())),
    "either": (http("GET /a") | http(status=500), lambda one: one.name == "GET /a" or one.status == 500),
    "neither": (~http("GET /a") & ~http(status=500), lambda one: one.name != "GET /a" and one.status != 500),
}
WINDOWS = {
    "vus": (window.during(vus=20), lambda one: one.vus == 20),
    "range": (window.during(vus=(15, 40)), lambda one: 15 <= one.vus <= 40),
    "least": (window.during(at_least=20), lambda one: one.vus >= 20),
    "stage": (window.during(stage="peak"), lambda one: one.stage == "peak"),
    "time": (window.between("10ms", "40ms"), lambda one: 10 <= one.at < 40),
    "warm": (window.after_warmup(), lambda one: not one.warmup),
    "either": (
        window.during(vus=10) | window.between("50ms", "99ms"),
        lambda one: one.vus == 10 or 50 <= one.at < 99,
    ),
    "not": (~window.during(stage="peak").between("0ms", "30ms"), lambda one: one.stage != "peak" or one.at >= 30),
}
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(loads())
def test_selectors_of_requests_and_their_statistics(load: list[Asked]) -> None:
    with run_of(load) as run:
        for name, (selector, meets) in SELECTORS.items():
            chosen = [one for one in load if meets(one)]
            if not chosen:
                continue
            found, lasted = run.http(selector), np.array([one.lasted * 1e6 for one in chosen])
            assert found.count.value == len(chosen), name
            assert found.failed.rate.value == pytest.approx(np.mean([model.failed(one) for one in chosen]))
            assert [found.duration.percentile(q).value for q in (0, 37.5, 95, 100)] == list(
                np.percentile(lasted, (0, 37.5, 95, 100))
            )
            assert found.duration.mean.value == pytest.approx(lasted.mean())
            assert (found.duration.min.value, found.duration.max.value) == (lasted.min(), lasted.max())
            assert found.rate.value == pytest.approx(model.a_second(load, len(chosen)))
            assert found.duration.sum.value == lasted.sum()
            assert found.duration.standard_deviation.value == pytest.approx(lasted.std())
            assert [bucket.value for bucket in found.duration.histogram(ms(5), ms(20))] == pytest.approx(
                [np.mean(lasted <= 5e6), np.mean((lasted > 5e6) & (lasted <= 20e6)), np.mean(lasted > 20e6)]
            )
            assert found.apdex(ms(5)).value == pytest.approx(
                np.mean(
                    [
                        0.0 if model.failed(one) or one.lasted > 20 else 0.5 if one.lasted > 5 else 1.0
                        for one in chosen
                    ]
                )
            )


@SLOW
@given(loads())
def test_parts_of_the_load(load: list[Asked]) -> None:
    with run_of(load) as run:
        for name, (part, meets) in WINDOWS.items():
            chosen = [one for one in load if meets(one)]
            if not chosen:
                continue
            longest = max(one.lasted for one in chosen)
            assert run.http().within(part).count.value == len(chosen), name
            rate = model.a_second_within(load, meets, len(chosen))
            assert run.http().within(part).rate.value == pytest.approx(rate)
            calls = sum(one.spans.count("load") for one in chosen)
            if calls:
                assert run.spans("load").within(part).rate.value == pytest.approx(rate * calls / len(chosen))
            assert run.metric("size").within(part).max.value == longest, name
            assert run.spans(kind="server").within(part).duration.max.value == longest * 1e6, name
            if any("load" in one.spans for one in load):
                assert run.traces().within(part).calls("load").sum.value == calls
        for least in (1, 2, 3):
            crowded = [one for one in load if model.in_flight(load, one) >= least]
            if crowded:
                assert run.http().in_flight(at_least=least).count.value == len(crowded)


@SLOW
@given(loads(), st.sampled_from((5, 10, 20)), st.sampled_from((10, 20)))
def test_parts_of_a_load_whose_rate_is_planned(load: list[Asked], low: int, high: int) -> None:
    load = [replace(one, vus=None) for one in load]
    parts: dict[str, tuple[Part, Callable[[int], bool]]] = {
        "exactly": (window.during(rate=low), lambda rate: rate == low),
        "from, to": (window.during(rate=(min(low, high), high)), lambda rate: min(low, high) <= rate <= high),
        "at least": (window.during(at_least=high), lambda rate: rate >= high),
        "at most": (window.during(at_most=low), lambda rate: rate <= low),
    }
    with run_of(load) as run:
        for name, (part, meets) in parts.items():
            chosen = [one for one in load if meets(one.rate or 0)]
            if chosen:
                shortest = min(one.lasted for one in chosen)
                assert run.http().within(part).duration.min.value == shortest * 1e6, name
                assert run.spans(kind="server").within(part).duration.min.value == shortest * 1e6, name
                assert run.metric("size").within(part).min.value == shortest, name


@SLOW
@given(loads(), st.sampled_from((0.5, 1, 1.5, 3)), st.sampled_from((0, 50, 95)))
def test_one_selection_against_another(load: list[Asked], factor: float, q: float) -> None:
    load = [replace(one, status=200) for one in load]
    mine, theirs = ([one.lasted * 10**6 for one in load if one.name == name] for name in NAMES[:2])
    assume(mine and theirs)
    with run_of(load) as run:
        one, other = (run.http(name).duration.percentile(q) for name in NAMES[:2])
        claim = one <= factor * other
        limit = factor * model.percentile(theirs, q)
        assert (claim.observed, claim.limit) == (model.percentile(mine, q), limit)
        assert claim.outcome == ("passed" if model.percentile(mine, q) <= limit else "failed")


@SLOW
@given(loads(), st.sampled_from((10, 20, 30)), st.sampled_from((3, 5, 10)), st.sampled_from((0, 50, 95, 100)))
def test_the_worst_of_every_window(load: list[Asked], width: int, step: int, q: float) -> None:
    load = [replace(one, status=200) for one in load]  # failures that flatter a window fail it
    with run_of(load) as run:
        for chosen, selection in (
            (load, run.http()),
            ([one for one in load if one.vus > 10], run.http().during(at_least=11)),
        ):
            inside = chosen if chosen else load
            worst = model.worst_in_every(inside, chosen, width, step, lambda values: model.percentile(values, q))
            claim = selection.duration.percentile(q).in_every(f"{width}ms", step=f"{step}ms") <= ms(10_000)
            if worst is None:
                assert claim.outcome == "inconclusive"
            else:
                assert claim.observed == pytest.approx(worst * 1e6)


@SLOW
@given(loads(), st.sampled_from(("name", "status", "stage", "kind")))
def test_groups(load: list[Asked], key: str) -> None:
    by = {
        "name": lambda one: one.name,
        "status": lambda one: str(one.status),
        "stage": lambda one: one.stage,
        "kind": lambda one: one.tags.get("kind"),
    }[key]
    with run_of(load) as run:
        groups = run.http().by(key)
        expected = {by(one): [other.lasted for other in load if by(other) == by(one)] for one in load}
        assert {value: found.duration.max.value for value, found in groups.items()} == {
            value: max(lasted) * 1e6 for value, lasted in expected.items()
        }
        worst = groups.worst(lambda group: group.duration.mean <= ms(1))
        assert worst.observed == pytest.approx(max(np.mean(lasted) for lasted in expected.values()) * 1e6)


@SLOW
@given(loads(), st.integers(0, 3), st.none() | st.integers(0, 3))
def test_traces_having_so_many(load: list[Asked], least: int, more: int | None) -> None:
    assume(any("load" in one.spans for one in load) and any("save" in one.spans for one in load))
    most = None if more is None else least + more
    with run_of(load) as run:
        share = run.traces().having("load", at_least=least, at_most=most).having("save", at_most=2).rate
        expected = [model.having(one, "load", least, most) and model.having(one, "save", 0, 2) for one in load]
        assert share.value == pytest.approx(np.mean(expected))
        assert run.traces().repeated(name=("load", "save")).max.value == max(model.repeated(one) for one in load)


PAYMENT = span("save")
ASKED: dict[str, tuple[SpanLanguage, int, int | None, Callable[[list[Seen], Seen], bool]]] = {
    "one or two payments": (PAYMENT, 1, 2, lambda _trace, one: one.name == "save"),
    "one after the stock": (
        span("load").followed_by(PAYMENT),
        1,
        None,
        lambda trace, one: one.name == "load" and forest_model.followed_by(trace, one, is_payment),
    ),
    "none below a wait": (
        PAYMENT.under(span("wait")),
        0,
        0,
        lambda trace, one: is_payment(one) and forest_model.under(trace, one, lambda above: above.name == "wait"),
    ),
    "none fails": (
        span("save", status="error"),
        0,
        0,
        lambda _trace, one: is_payment(one) and one.status == "error",
    ),
}
"""What is asked of a trace: so many (least, most) spans of a selector, and what the selector means."""


def is_payment(one: Seen) -> bool:
    return one.name == "save"


@settings(SLOW, max_examples=40)
@given(request_forests(), st.booleans(), st.sets(st.sampled_from(sorted(ASKED)), min_size=1))
def test_a_payment_after_the_stock_and_none_fails(spans: list[Seen], one_clock: bool, asked: set[str]) -> None:
    assume({"load", "save", "wait"} <= {one.name for one in spans})
    if one_clock:
        spans = [one if one.service == "k6" else replace(one, service="orders", host=None) for one in spans]

    def holds(trace: list[Seen]) -> bool:
        counts = [(sum(meets(trace, one) for one in trace), least, most) for _, least, most, meets in wanted]
        return all(least <= count and (most is None or count <= most) for count, least, most in counts)

    def open_order(trace: list[Seen]) -> bool:
        return any(one.name == "load" and forest_model.undecided(trace, one, is_payment) for one in trace)

    wanted = [ASKED[name] for name in sorted(asked)]
    traces = [[one for one in spans if one.trace == number] for number in {one.trace for one in spans}]
    decided = [trace for trace in traces if "one after the stock" not in asked or not open_order(trace)]
    assume(decided)
    with archived(spans) as run:
        (first, least, most, _), *others = wanted
        found = run.traces().having(first, at_least=least, at_most=most)
        for selector, least, most, _ in others:
            found = found.having(selector, at_least=least, at_most=most)
        assert found.rate.value == pytest.approx(np.mean([holds(trace) for trace in decided]))
        missing = (found.rate >= percent(0)).evidence.population.missing
        assert len(missing.seen) == len(traces) - len(decided)


@SLOW
@given(st.dictionaries(st.sampled_from((5, 10, 20, 40, 80)), st.integers(1, 90), min_size=3), st.integers(1, 4))
def test_scaling(points: dict[int, int], times: int) -> None:
    load = [
        Asked(name="GET /a", scenario="buy", status=200, at=n, lasted=lasted, vus=vus, stage="x", warmup=False)
        for n, (vus, lasted) in enumerate(points.items())
    ]
    with run_of(load) as run:
        scaling = run.http().duration.max.scaling
        assert scaling.exponent.value == pytest.approx(model.exponent(dict(points)), abs=1e-9)
        assert scaling.knee(times).value == model.knee(dict(points), times)
        assert (scaling.exponent <= just_above(points)).outcome == "passed"


def just_above(points: dict[int, int]) -> float:
    """A limit just above."""
    return model.exponent(dict(points)) + 1e-6
