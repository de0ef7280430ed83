"""Tempo as a trace source.

Not against the real Tempo, which cannot be had here: against answers made after its source (see
tests/support/source_tempo.py).
"""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from k6spec.collect.source_feed import SourceFeed
from k6spec.collect.sources.base import WantedTraces
from k6spec.errors import ConfigError, StackFault
from k6spec.units import ms, seconds
from tests.support.answering import Answer, answering
from tests.support.golden import BEGIN, GOLDEN, TRACE_IDS, wanted
from tests.support.source_tempo import tempo

FIRST, SECOND, THIRD = (trace_id.hex() for trace_id in TRACE_IDS)
MISSING = bytes([0xEE]) * 16

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def backend():
    with tempo() as running:
        running.take(*GOLDEN)
        yield running


@pytest.fixture
def old_backend():
    """One that has v1 only."""
    with tempo(v2=False) as running:
        running.take(*GOLDEN)
        yield running


@pytest.fixture
def source(backend):
    source = backend.source()
    yield source
    source.close()


def traces(source, asked=None):
    """The ids, in hex, of the traces that are there."""
    asked = asked or wanted()
    return {trace.hex() for batch in source.fetch(asked) for trace in batch["trace_id"].to_pylist()}


def paths(backend):
    return [asked.path for asked in backend.asked]


def test_a_trace_that_is_still_hidden_is_no_error_and_comes_later(backend, source):
    backend.hidden = {SECOND}
    assert traces(source) == {FIRST, THIRD}
    assert source.truncated() == set()
    backend.hidden = set()
    assert traces(source) == {FIRST, SECOND, THIRD}


def test_the_feed_asks_until_a_hidden_trace_is_there(backend):
    feed = SourceFeed(backend.source(lag="100ms"))
    backend.hidden = {FIRST, SECOND, THIRD}
    now = time.time_ns()
    feed.expect(WantedTraces(trace_ids=TRACE_IDS, begin_ns=BEGIN, end_ns=now), ms(0))
    assert [batch.num_rows for batch in feed.poll()] == []
    backend.hidden = set()
    found: set[str] = set()
    deadline = time.monotonic() + 20
    while len(found) < 3 and time.monotonic() < deadline:
        found |= {trace.hex() for batch in feed.poll() for trace in batch["trace_id"].to_pylist()}
        time.sleep(0.05)
    feed.close()
    assert found == {FIRST, SECOND, THIRD}


def test_the_lag_outlasts_what_tempo_hides(source):
    assert source.lag == seconds(35)


def test_the_lag_can_be_set(backend):
    assert backend.source(lag="5s").lag == seconds(5)


def test_a_partial_trace_is_truncated_until_it_is_whole(backend, source):
    backend.partial = {FIRST}
    part = sum(batch.num_rows for batch in source.fetch(wanted()))
    assert source.truncated() == {TRACE_IDS[0]}
    backend.partial = set()
    whole = sum(batch.num_rows for batch in source.fetch(wanted()))
    assert source.truncated() == set()
    assert part < whole


def test_a_trace_that_is_too_large_for_v1_is_truncated_and_hides_no_other(old_backend):
    source = old_backend.source()
    old_backend.partial = {SECOND}
    assert traces(source) == {FIRST, THIRD}
    assert source.truncated() == {TRACE_IDS[1]}


def test_a_span_that_cannot_be_decoded_makes_its_trace_truncated(backend, source):
    broken = Span(trace_id=TRACE_IDS[0], span_id=b"short")
    scope = ScopeSpans(spans=[broken])
    backend.take(TracesData(resource_spans=[ResourceSpans(scope_spans=[scope])]).SerializeToString())
    assert traces(source) == {FIRST, SECOND, THIRD}
    assert source.truncated() == {TRACE_IDS[0]}


def test_an_old_server_is_asked_by_v1_once_that_is_known(old_backend):
    source = old_backend.source()
    assert traces(source) == {FIRST, SECOND, THIRD}
    old_backend.asked.clear()
    assert traces(source) == {FIRST, SECOND, THIRD}
    assert not any(path.startswith("/api/v2/") for path in paths(old_backend))


def test_a_new_server_is_not_asked_by_v1_for_what_it_does_not_have(backend, source):
    traces(source)
    assert not any(path.startswith("/api/traces/") for path in paths(backend))


def test_it_never_searches(backend, source):
    source.check()
    traces(source)
    assert not any("search" in path for path in paths(backend))


def test_blocks_are_looked_into_an_hour_before_and_after_the_load(backend, source):
    list(source.fetch(WantedTraces(trace_ids=TRACE_IDS[:1], begin_ns=BEGIN, end_ns=BEGIN + 1)))
    (asked,) = backend.asked
    begin = BEGIN // 10**9
    assert asked.query == {"start": str(begin - 3600), "end": str(begin + 3601)}


@pytest.mark.parametrize("v2", [True, False])
def test_it_answers_the_least_there_is_to_ask(v2):
    with tempo(v2=v2) as backend:
        backend.source().check()


def test_a_wrong_tenant_in_words(backend):
    with pytest.raises(StackFault, match="401: no org id") as caught:
        backend.source(tenant="team-b").check()
    assert "tenant" in caught.value.advice


def test_secrets_are_not_shown(backend):
    def refuse(asked):
        return Answer(f"token {asked.headers['Authorization']} expired".encode(), 401)

    with answering(refuse) as url, pytest.raises(StackFault) as caught:
        backend.source(url=url, headers={"Authorization": "Bearer hush-hush"}).check()
    assert "hush-hush" not in str(caught.value)


def test_a_url_behind_which_nothing_is_tempo(backend):
    with answering(lambda asked: Answer(b"404 page not found\n", 404)) as url:
        source = backend.source(url=url)
        with pytest.raises(StackFault, match="/api/echo with 404") as caught:
            source.check()
    assert "url" in caught.value.advice


@pytest.mark.parametrize("body", [b"<html>Welcome to Grafana</html>", b"{}"])
def test_an_answer_that_is_no_protobuf(backend, body):
    with answering(lambda asked: Answer(body, kind="text/html")) as url:
        source = backend.source(url=url)
        with pytest.raises(StackFault, match="something else than a trace in protobuf"):
            traces(source)


def test_protobuf_that_is_none(backend):
    with answering(lambda asked: Answer(b"\xff\xff\xff", kind="application/protobuf")) as url:
        source = backend.source(url=url)
        with pytest.raises(StackFault, match="something else than a TraceByIDResponse"):
            traces(source)


def test_a_server_in_trouble(backend):
    with answering(lambda asked: Answer(b"out of memory", 500)) as url:
        source = backend.source(url=url)
        with pytest.raises(StackFault, match="500: out of memory"):
            traces(source)


def test_there_is_no_link_without_grafana(source):
    assert source.trace_url(FIRST) is None


def pane(url):
    """The pane of an Explore link, and the rest of its query."""
    query = parse_qs(urlsplit(url).query)
    (panes,) = query.pop("panes")
    return json.loads(panes)["x"], query


def test_links_open_grafanas_explore(backend):
    source = backend.source(grafana="http://grafana.example:3000/", datasource="uid-1", org=7)
    url = source.trace_url(FIRST, "00f067aa0ba902b7")
    assert url.startswith("http://grafana.example:3000/explore?schemaVersion=1&orgId=7&panes=%7B%22x")
    shown, _ = pane(url)
    assert shown == {
        "datasource": "uid-1",
        "queries": [
            {
                "refId": "A",
                "datasource": {"type": "tempo", "uid": "uid-1"},
                "queryType": "traceql",
                "query": FIRST,
            }
        ],
        "range": {"from": "now-24h", "to": "now"},
        "panelsState": {"trace": {"spanId": "00f067aa0ba902b7"}},
    }


def test_links_cover_the_load_once_it_was_asked_for(backend):
    source = backend.source(grafana="http://grafana.example", datasource="uid-1")
    list(source.fetch(WantedTraces(trace_ids=[MISSING], begin_ns=BEGIN, end_ns=BEGIN + 1)))
    shown, query = pane(source.trace_url(FIRST))
    begin = BEGIN // 10**6
    assert shown["range"] == {"from": str(begin), "to": str(begin + 1)}
    assert "panelsState" not in shown
    assert query["orgId"] == ["1"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grafana": "http://grafana.example"}, "datasource is missing"),
        ({"datasource": "uid-1"}, "grafana is missing"),
        ({"grafana": "grafana.example", "datasource": "uid-1"}, "grafana = 'grafana.example'; write an address"),
        ({"org": 0}, "org = 0; write a number from 1"),
        ({"lag": "soon"}, "lag = 'soon'; write a duration"),
        ({"organisation": 1}, "unknown setting 'organisation'"),
    ],
)
def test_settings_that_cannot_be(backend, settings, message):
    with pytest.raises(ConfigError, match=message):
        backend.source(**settings)


def test_grafanas_password_is_not_in_links(backend):
    source = backend.source(grafana="http://me:hush@grafana.example", datasource="uid-1")
    assert source.trace_url(FIRST).startswith("http://grafana.example/explore?")
