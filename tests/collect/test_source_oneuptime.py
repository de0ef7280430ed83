"""OneUptime as a trace source.

Not against the real OneUptime, which cannot be had here: against answers made after its source (see
tests/support/source_oneuptime.py).
"""

import json

import pytest

from k6spec.collect.sources.base import WantedTraces
from k6spec.errors import ConfigError, StackFault
from k6spec.units import seconds
from tests.support.answering import Answer, answering
from tests.support.golden import BEGIN, GOLDEN, TRACE_IDS, assert_gives_golden, wanted
from tests.support.source_oneuptime import KEY, PROJECT, WITHOUT, oneuptime

TRACE, SPAN = bytes([0xFF]) * 16, bytes([0xFF]) * 8
LISTED = {"traceId": TRACE.hex(), "spanId": SPAN.hex(), "startTimeUnixNano": str(BEGIN), "durationUnixNano": 7}

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def backend():
    with oneuptime() as running:
        running.take(*GOLDEN)
        yield running


@pytest.fixture
def source(backend):
    source = backend.source()
    yield source
    source.close()


def given(backend, *spans, **reply):
    """What a source makes of a list: its rows, and the traces that it calls truncated."""
    body = {"data": spans, "count": len(spans), "skip": 0, "limit": 10_000, "hasMore": False, **reply}

    def answer(asked):
        return Answer(json.dumps(body).encode(), kind="application/json")

    with answering(answer) as url:
        source = backend.source(url=url)
        asked = WantedTraces(trace_ids=[TRACE], begin_ns=BEGIN, end_ns=BEGIN + 1)
        rows = [row for batch in source.fetch(asked) for row in batch.to_pylist()]
        return rows, source.truncated()


@pytest.mark.parametrize("has_more", [True, False])
def test_pages_are_read_until_there_are_no_more(has_more):
    with oneuptime(has_more=has_more) as backend:
        backend.take(*GOLDEN)
        source = backend.source(page=2)
        assert_gives_golden(source, WITHOUT)
        assert source.truncated() == set()
        assert [asked.query["skip"] for asked in backend.asked][:3] == ["0", "2", "4"]


def test_spans_that_were_taken_in_twice_count_once(backend, source):
    backend.take(*GOLDEN)
    assert_gives_golden(source, WITHOUT)


def test_a_hundred_traces_are_asked_for_at_once(backend, source):
    ids = [number.to_bytes(16, "big") for number in range(1, 251)]
    list(source.fetch(WantedTraces(trace_ids=ids, begin_ns=BEGIN, end_ns=BEGIN + 1)))
    asked = [json.loads(request.body)["query"]["traceId"]["value"] for request in backend.asked]
    assert sorted(map(len, asked)) == [50, 100, 100]
    assert {trace_id for some in asked for trace_id in some} == {trace_id.hex() for trace_id in ids}


def test_a_list_that_is_shorter_than_counted_is_truncated_until_it_is_whole(backend, source):
    backend.cut = 1
    part = sum(batch.num_rows for batch in source.fetch(wanted()))
    assert set(TRACE_IDS) <= source.truncated()
    backend.cut = 0
    whole = sum(batch.num_rows for batch in source.fetch(wanted()))
    assert source.truncated() == set()
    assert part < whole


def test_a_list_that_promises_more_and_gives_none_is_truncated(backend):
    assert given(backend, hasMore=True) == ([], {TRACE})


def test_times_as_numbers_and_details_as_json_texts(backend):
    event = {"name": "retried", "timeUnixNano": BEGIN + 5, "attributes": {"n": 1, "ok": True, "s": ["a"]}}
    span = {**LISTED, "startTimeUnixNano": BEGIN, "events": json.dumps([event]), "links": ""}
    (row,), truncated = given(backend, span)
    assert (row["start_ns"], row["duration_ns"], row["links"], truncated) == (BEGIN, 7, [], set())
    (shown,) = row["events"]
    assert shown["time_ns"] == BEGIN + 5
    assert dict(shown["attributes"]) == {"n": "1", "ok": "true", "s": '["a"]'}


def test_the_one_map_of_attributes_is_taken_apart(backend):
    attributes = {
        "http.route": "/x",
        "resource.service.name": "orders",
        "resource.host.name": "h1",
        "scope.name": "flask",
        "scope.version": "3",
        "oneuptime.service.id": "its own",
    }
    (row,), _ = given(backend, {**LISTED, "attributes": attributes})
    assert dict(row["attributes"]) == {"http.route": "/x"}
    assert dict(row["resource"]) == {"service.name": "orders", "host.name": "h1"}
    assert (row["service"], row["scope_name"], row["scope_version"]) == ("orders", "flask", "3")


@pytest.mark.parametrize("kind", [None, "SPAN_KIND_NOVEL"])
def test_a_kind_that_is_none_is_unspecified(backend, kind):
    (row,), truncated = given(backend, {**LISTED, "kind": kind})
    assert (row["kind"], truncated) == ("unspecified", set())


@pytest.mark.parametrize(
    "broken",
    [
        {"startTimeUnixNano": None},
        {"durationUnixNano": "long"},
        {"parentSpanId": "not hex"},
        {"events": "{"},
        {"links": [{"traceId": "1"}]},
        {"startTimeUnixNano": -1},
    ],
)
def test_a_span_that_cannot_be_decoded_makes_its_trace_truncated(backend, broken):
    good = {**LISTED, "spanId": "00000000000000aa"}
    (row,), truncated = given(backend, {**LISTED, **broken}, good)
    assert (row["span_id"].hex(), truncated) == ("00000000000000aa", {TRACE})


def test_it_answers_the_least_there_is_to_ask(source):
    source.check()


def test_the_key_and_the_project_go_into_headers(backend, source):
    source.check()
    (asked,) = backend.asked
    assert (asked.headers["apikey"], asked.headers["projectid"]) == (KEY, PROJECT)


def test_the_tenant_is_the_project(backend):
    source = backend.source(project=None, tenant=PROJECT)
    source.check()
    assert backend.asked[0].headers["projectid"] == PROJECT
    assert PROJECT in source.trace_url(TRACE.hex())


@pytest.mark.parametrize(
    ("headers", "message"), [({"apikey": "hush-hush"}, "400: .*Invalid API Key"), ({}, "401: .*logged in")]
)
def test_a_wrong_key_in_words(backend, headers, message):
    with pytest.raises(StackFault, match=message) as caught:
        backend.source(headers=headers).check()
    assert "set headers" in caught.value.advice
    assert "hush-hush" not in str(caught.value)


def test_a_url_behind_which_nothing_is_its_api(backend):
    with pytest.raises(StackFault, match="Page not found") as caught:
        backend.source(url=f"{backend.url}/elsewhere").check()
    assert "url" in caught.value.advice


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"data": 1}', b'{"data": [{}], "count": 1}', b'{"data": []}']
)
def test_an_answer_that_is_no_list_of_spans(backend, body):
    with answering(lambda asked: Answer(body, kind="application/json")) as url:
        source = backend.source(url=url)
        with pytest.raises(StackFault, match="something else than a list of spans in JSON"):
            source.check()


def test_links_open_its_dashboard(source, backend):
    link = f"{backend.url}/dashboard/{PROJECT}/traces/view/{TRACE.hex()}"
    assert source.trace_url(TRACE.hex()) == link
    assert source.trace_url(TRACE.hex(), SPAN.hex()) == f"{link}?spanId={SPAN.hex()}"


def test_there_is_no_link_without_the_project(backend):
    assert backend.source(project=None).trace_url(TRACE.hex()) is None


def test_it_counts_late(backend, source):
    assert source.lag == seconds(15)
    assert backend.source(lag="1m").lag == seconds(60)


def test_more_than_it_gives_at_once_is_refused(backend):
    with pytest.raises(ConfigError, match="page = 20000; write a number from 1 to 10,000"):
        backend.source(page=20_000)
