"""Jaeger as a trace source: the real one where it does what is tested, else a server that answers as it would."""

import json

import pytest

from k6spec.collect.access import Access
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.jaeger import JaegerSource
from k6spec.collect.sources.registry import make_source
from k6spec.errors import ConfigError, StackFault
from k6spec.units import ms, seconds
from tests.support.answering import Answer, answering
from tests.support.golden import BEGIN, GOLDEN, TRACE_IDS, comparable, wanted
from tests.support.source_jaeger import golden_jaeger, running_jaeger
from tests.support.stacks import export_of

pytestmark = pytest.mark.timeout(180)

TRACE = TRACE_IDS[0]
PAGE = Answer(b"<!DOCTYPE html><title>Jaeger UI</title>", kind="text/html")
NO_V3_TRACE = Answer(b'{"error":{"httpCode":404,"message":"No traces found"}}\n', status=404)
NO_LEGACY_TRACE = Answer(
    b'{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}\n', status=404
)


def asking_for(*trace_ids):
    return WantedTraces(trace_ids=trace_ids, begin_ns=BEGIN, end_ns=BEGIN + 10**9)


def rows_of(source, *trace_ids):
    return [row for batch in source.fetch(asking_for(*trace_ids or (TRACE,))) for row in batch.to_pylist()]


def v3_span(number=1, trace_id=TRACE, **more):
    times = {"startTimeUnixNano": str(BEGIN), "endTimeUnixNano": str(BEGIN + 1)}
    return {"traceId": trace_id.hex(), "spanId": f"{number:016x}", "name": f"span {number}", **times, **more}


def v3_result(*spans):
    return json.dumps({"result": {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}}).encode()


def tag(key, value, kind="string"):
    return {"key": key, "type": kind, "value": value}


def legacy_span(number=1, **more):
    ids = {"traceID": TRACE.hex(), "spanID": f"{number:016x}", "processID": "p1"}
    return {**ids, "operationName": f"span {number}", "startTime": BEGIN // 1000, "duration": 7, **more}


def legacy_trace(*spans, **more):
    processes = {"p1": {"serviceName": "orders", "tags": [tag("host", "h1"), tag("pid", 12, "int64")]}}
    return json.dumps({"data": [{"spans": spans, "processes": processes, **more}]}).encode()


class Jaegerlike:
    """Gives what it is told to for the trace, by API; says that any other is not there; keeps what it was asked.

    Where it has not an API, its answer is a page of the UI.
    """

    def __init__(self, *, apis=("v3", "legacy"), **traces):
        self.asked = []
        self.traces = traces
        absent = {"v3": NO_V3_TRACE, "legacy": NO_LEGACY_TRACE}
        self.absent = {api: answer if api in apis else PAGE for api, answer in absent.items()}

    def __call__(self, asked):
        self.asked.append(asked)
        api = "v3" if asked.path.startswith("/api/v3/traces/") else "legacy"
        if api in self.traces and asked.path.endswith(TRACE.hex()):
            return Answer(self.traces[api])
        return self.absent[api]


@pytest.fixture
def source_of():
    """Makes sources of URLs."""
    made = []

    def make(url, **settings):
        made.append(make_source({"kind": "jaeger", "url": url, **settings}, root=None, environ={}))
        return made[-1]

    yield make
    for source in made:
        source.close()
        source.close()


@pytest.fixture
def answers(source_of):
    """What a source makes of one answer to its request for a trace."""

    def rows(api, body):
        with answering(Jaegerlike(**{api: body})) as url:
            return rows_of(source_of(url, api=api))

    return rows


@pytest.fixture(scope="module")
def jaeger():
    with golden_jaeger() as running:
        yield running


# Settings


def test_what_is_set_if_nothing_is(source_of):
    source = source_of("http://127.0.0.1:16686")
    assert source.name == "jaeger"
    assert source.by_id
    assert source.lag == seconds(2)
    assert source.address == "http://127.0.0.1:16686"


def test_the_lag_can_be_set(source_of):
    assert source_of("http://127.0.0.1:16686", lag="100ms").lag == ms(100)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"api": "v2"}, "api = 'v2'; write auto or v3 or legacy"),
        ({"concurrency": 0}, "concurrency = 0; write a number from 1 to 100"),
        ({"lag": "soon"}, "lag = 'soon'; write a duration"),
        ({"ui": "jaeger"}, "ui = 'jaeger'; write an address with scheme"),
        ({"uri": "x"}, "unknown setting 'uri'"),
    ],
)
def test_settings_that_cannot_be(source_of, table, said):
    with pytest.raises(ConfigError, match=r"^\[tool\.k6spec\.source\]: ") as caught:
        source_of("http://127.0.0.1:1", **table)
    assert said in str(caught.value)


def test_links_open_jaegers_ui_with_the_span_in_focus(source_of):
    source = source_of("http://jaeger:16686/base/")
    assert source.trace_url("ab12") == "http://jaeger:16686/base/trace/ab12"
    assert source.trace_url("ab12", "cd34") == "http://jaeger:16686/base/trace/ab12?uiFind=cd34"


def test_links_can_open_another_ui_and_hold_no_password(source_of):
    assert source_of("http://a", ui="https://ui.example/").trace_url("ab12") == "https://ui.example/trace/ab12"
    assert source_of("http://me:secret@a").trace_url("ab12") == "http://a/trace/ab12"


# What is asked


def test_both_dialects_of_v3_are_spoken(source_of):
    jaegerlike = Jaegerlike(v3=v3_result(v3_span()))
    with answering(jaegerlike) as url:
        rows_of(source_of(url, api="v3"))
    (asked,) = jaegerlike.asked
    assert asked.path == f"/api/v3/traces/{TRACE.hex()}"
    assert asked.query["rawTraces"] == asked.query["raw_traces"] == "true"
    # An hour more on both sides, for clocks that are not the same.
    assert asked.query["startTime"] == asked.query["start_time"] == "2026-09-21T13:13:20Z"
    assert asked.query["endTime"] == asked.query["end_time"] == "2026-09-21T15:13:21Z"


def test_the_legacy_api_is_asked_in_microseconds(source_of):
    jaegerlike = Jaegerlike(legacy=legacy_trace(legacy_span()))
    with answering(jaegerlike) as url:
        rows_of(source_of(url, api="legacy"))
    (asked,) = jaegerlike.asked
    hour = 3_600 * 10**6
    assert asked.path == f"/api/traces/{TRACE.hex()}"
    assert asked.query == {
        "raw": "true",
        "start": str(BEGIN // 1000 - hour),
        "end": str(BEGIN // 1000 + 10**6 + hour),
    }


def test_headers_and_tenant_reach_it(source_of):
    jaegerlike = Jaegerlike()
    with answering(jaegerlike) as url:
        rows_of(source_of(url, headers={"X-Token": "s3cret"}, tenant="shop"))
    assert {(asked.headers["X-Token"], asked.headers["x-tenant"]) for asked in jaegerlike.asked} == {
        ("s3cret", "shop")
    }


def test_which_api_is_there_is_found_out_once(source_of):
    jaegerlike = Jaegerlike(v3=v3_result(v3_span()))
    with answering(jaegerlike) as url:
        source = source_of(url)
        source.check()
        assert [row["name"] for row in rows_of(source) + rows_of(source)] == ["span 1", "span 1"]
    assert len(jaegerlike.asked) == 3
    assert all(asked.path.startswith("/api/v3/") for asked in jaegerlike.asked)


def test_the_legacy_api_is_asked_where_v3_is_a_page_of_the_ui(source_of):
    with answering(Jaegerlike(apis=["legacy"], legacy=legacy_trace(legacy_span()))) as url:
        assert [row["name"] for row in rows_of(source_of(url))] == ["span 1"]


def test_a_path_below_which_jaeger_is(source_of):
    def answer(asked):
        return NO_V3_TRACE if asked.path.startswith("/base/api/v3/traces/") else PAGE

    with answering(answer) as url:
        source_of(f"{url}/base").check()
        with pytest.raises(StackFault):
            source_of(url).check()


# What is answered


def test_an_answer_may_come_in_several_objects(answers):
    body = v3_result(v3_span(1)) + b"\n" + v3_result(v3_span(2)) + b"\n"
    assert [row["name"] for row in answers("v3", body)] == ["span 1", "span 2"]


@pytest.mark.parametrize("body", [b'{"result":{}}', b'{"result":{"resourceSpans":[]}}', b'{"result":{}}\n'])
def test_an_answer_without_spans_is_a_trace_that_is_not_there(answers, body):
    assert answers("v3", body) == []


def test_what_jaeger_says_of_a_span_is_no_attribute_of_it(answers):
    attributes = [
        {"key": "@jaeger@warnings", "value": {"arrayValue": {"values": [{"stringValue": "clock skew"}]}}},
        {"key": "sku", "value": {"stringValue": "hot-1"}},
        {"value": {"stringValue": "without a key"}},
    ]
    (row,) = answers("v3", v3_result(v3_span(attributes=attributes)))
    assert dict(row["attributes"]) == {"sku": "hot-1", "": "without a key"}


CUT = "trace has more than 3 spans, showing first 3 spans only"


@pytest.mark.parametrize(
    ("api", "cut", "whole"),
    [
        (
            "v3",
            v3_result(
                v3_span(
                    attributes=[
                        {"key": "@jaeger@warnings", "value": {"arrayValue": {"values": [{"stringValue": CUT}]}}}
                    ]
                )
            ),
            v3_result(v3_span()),
        ),
        ("legacy", legacy_trace(legacy_span(warnings=[CUT])), legacy_trace(legacy_span(warnings=["clock skew"]))),
        ("legacy", legacy_trace(legacy_span(), warnings=[CUT]), legacy_trace(legacy_span(), warnings=None)),
    ],
)
def test_a_trace_that_jaeger_cut_is_truncated_until_it_is_whole(source_of, api, cut, whole):
    jaegerlike = Jaegerlike(**{api: cut})
    with answering(jaegerlike) as url:
        source = source_of(url, api=api)
        rows_of(source)
        assert source.truncated() == {TRACE}
        jaegerlike.traces[api] = whole
        rows_of(source)
        assert source.truncated() == set()


def test_a_trace_with_a_span_that_cannot_be_decoded_is_truncated(source_of):
    nameless = {**v3_span(2), "spanId": "0000000000000000"}
    with answering(Jaegerlike(v3=v3_result(v3_span(), nameless))) as url:
        source = source_of(url)
        assert [row["name"] for row in rows_of(source, TRACE, TRACE_IDS[1])] == ["span 1"]
        assert source.truncated() == {TRACE}


# What the legacy API has, and OTLP does not


def test_tags_have_types(answers):
    tags = [
        tag("text", "é"),
        tag("yes", True, "bool"),
        tag("large", "-9007199254740993", "int64"),
        tag("ratio", 1, "float64"),
        tag("bytes", "AP8=", "binary"),
        tag("no number", "many", "int64"),
        tag("too large", str(2**63), "int64"),
        {"key": "untyped", "value": 3},
    ]
    (row,) = answers("legacy", legacy_trace(legacy_span(tags=tags)))
    assert dict(row["attributes"]) == {
        "text": "é",
        "yes": "true",
        "large": "-9007199254740993",
        "ratio": "1.0",
        "bytes": "AP8=",
        "no number": "many",
        "too large": str(2**63),
        "untyped": "3",
    }
    assert dict(row["attribute_types"]) == {"yes": "bool", "large": "int", "ratio": "double", "bytes": "bytes"}


def test_processes_are_resources(answers):
    (row,) = answers("legacy", legacy_trace(legacy_span()))
    assert row["service"] == "orders"
    assert dict(row["resource"]) == {"host": "h1", "pid": "12", "service.name": "orders"}
    assert dict(row["resource_types"]) == {"pid": "int"}


@pytest.mark.parametrize("kind", ["internal", "server", "client", "producer", "consumer"])
def test_the_kind_is_a_tag(answers, kind):
    (row,) = answers("legacy", legacy_trace(legacy_span(tags=[tag("span.kind", kind)])))
    assert (row["kind"], dict(row["attributes"])) == (kind, {})


def test_a_kind_that_there_is_not_stays_a_tag(answers):
    (row,) = answers("legacy", legacy_trace(legacy_span(tags=[tag("span.kind", "broker")])))
    assert (row["kind"], dict(row["attributes"])) == ("unspecified", {"span.kind": "broker"})


ERROR = tag("error", True, "bool")


@pytest.mark.parametrize(
    ("tags", "status", "message", "left"),
    [
        ([], "unset", "", {}),
        ([tag("otel.status_code", "OK")], "ok", "", {}),
        ([tag("otel.status_code", "ERROR"), ERROR, tag("otel.status_description", "no")], "error", "no", {}),
        ([tag("error", "timeout"), tag("otel.status_code", "ERROR"), ERROR], "error", "", {"error": "timeout"}),
        ([ERROR], "error", "", {"error": "true"}),
        ([tag("error", False, "bool")], "unset", "", {"error": "false"}),
        ([tag("http.status_code", 500, "int64")], "unset", "", {"http.status_code": "500"}),
    ],
)
def test_the_status_is_in_tags(answers, tags, status, message, left):
    (row,) = answers("legacy", legacy_trace(legacy_span(tags=tags)))
    assert (row["status"], row["status_message"], dict(row["attributes"])) == (status, message, left)


@pytest.mark.parametrize(
    "names", [("otel.scope.name", "otel.scope.version"), ("otel.library.name", "otel.library.version")]
)
def test_the_scope_is_in_tags_by_its_newer_or_older_name(answers, names):
    tags = [tag(names[0], "flask"), tag(names[1], "1.2"), tag("internal.span.format", "otlp")]
    (row,) = answers("legacy", legacy_trace(legacy_span(tags=tags)))
    assert (row["scope_name"], row["scope_version"], dict(row["attributes"])) == ("flask", "1.2", {})


def reference(kind, span, trace=TRACE.hex()):
    return {"refType": kind, "traceID": trace, "spanID": span}


INSIDE, OTHER = "00000000000000a1", "00000000000000b2"
ELSEWHERE = "cc" * 16


@pytest.mark.parametrize(
    ("references", "parent", "links"),
    [
        ([], None, []),
        ([reference("CHILD_OF", INSIDE)], INSIDE, []),
        ([reference("CHILD_OF", "a1")], INSIDE, []),
        ([reference("FOLLOWS_FROM", OTHER), reference("CHILD_OF", INSIDE)], INSIDE, [(TRACE.hex(), OTHER)]),
        ([reference("CHILD_OF", INSIDE), reference("CHILD_OF", OTHER)], INSIDE, [(TRACE.hex(), OTHER)]),
        ([reference("CHILD_OF", OTHER, ELSEWHERE)], None, [(ELSEWHERE, OTHER)]),
        ([reference("FOLLOWS_FROM", INSIDE)], INSIDE, [(TRACE.hex(), INSIDE)]),
    ],
)
def test_references_are_a_parent_and_links(answers, references, parent, links):
    (row,) = answers("legacy", legacy_trace(legacy_span(references=references)))
    assert (row["parent_span_id"] or b"").hex() == (parent or "")
    assert [(link["trace_id"].hex(), link["span_id"].hex()) for link in row["links"]] == links


def test_logs_are_events(answers):
    logs = [
        {"timestamp": BEGIN // 1000 + 5, "fields": [tag("event", "retried"), tag("attempt", 2, "int64")]},
        {"timestamp": BEGIN // 1000 + 6, "fields": [tag("message", "gave up")]},
        {"timestamp": BEGIN // 1000 + 7, "fields": []},
    ]
    (row,) = answers("legacy", legacy_trace(legacy_span(logs=logs)))
    assert [(event["name"], dict(event["attributes"])) for event in row["events"]] == [
        ("retried", {"attempt": "2"}),
        ("gave up", {"message": "gave up"}),
        ("", {}),
    ]
    assert row["events"][0]["time_ns"] == BEGIN // 1000 * 1000 + 5_000


def test_leading_zeros_that_ids_lost_are_there_again(source_of):
    trace_id = bytes(9) + b"\x01" * 7
    span = {**legacy_span(), "traceID": "1010101010101", "spanID": "a1"}
    with answering(lambda _: Answer(legacy_trace(span))) as url:
        (row,) = rows_of(source_of(url, api="legacy"), trace_id)
    assert (row["trace_id"], row["span_id"].hex()) == (trace_id, INSIDE)


# Faults


def fault_of(act):
    with pytest.raises(StackFault) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("api", ["auto", "v3", "legacy"])
@pytest.mark.parametrize("answer", [PAGE, Answer(b"404 page not found", status=404), Answer(b"{}"), Answer(b"")])
def test_something_else_than_jaeger(source_of, api, answer):
    with answering(lambda _: answer) as url:
        fault = fault_of(source_of(url, api=api).check)
        assert fault.cause.startswith(f"Jaeger at {url} answered /api/")
        assert "with something else than Jaeger's API: " in fault.cause
        assert "that of Jaeger's UI (port 16686 by default)" in fault.advice


@pytest.mark.parametrize("api", ["v3", "legacy"])
def test_that_a_trace_is_not_there_is_believed_to_jaeger_only(source_of, api):
    with answering(lambda _: Answer(b"no such route", status=404)) as url:
        fault = fault_of(lambda: rows_of(source_of(url, api=api)))
    assert "something else than Jaeger's API: no such route" in fault.cause


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("v3", PAGE.body),
        ("v3", b'{"result":{"resourceSpans":['),
        ("v3", b"[]"),
        ("v3", b'{"services":[]}'),
        ("v3", v3_result(v3_span()) + b'{"error":{"message":"storage went away"}}'),
        ("v3", b'{"result":{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SERVER"}]}]}]}}'),
        ("legacy", PAGE.body),
        ("legacy", b"[]"),
        ("legacy", b'{"data":3}'),
        ("legacy", legacy_trace({"spanID": "1"})),
        ("legacy", legacy_trace(legacy_span(processID="p2"))),
        ("legacy", legacy_trace({**legacy_span(), "spanID": "xyz"})),
    ],
)
def test_an_answer_that_is_none(source_of, api, body):
    with answering(Jaegerlike(**{api: body})) as url:
        fault = fault_of(lambda: rows_of(source_of(url, api=api)))
    assert "with something else than a trace of this API: " in fault.cause


def test_ids_in_another_encoding(source_of):
    span = {"traceId": "qgCqAKoAqgCqAKoAqgCqAA==", "spanId": "AQEBAQEBAQE=", "name": "old gateway"}
    with answering(Jaegerlike(v3=v3_result(span))) as url:
        fault = fault_of(lambda: rows_of(source_of(url)))
    assert "something else than the trace asked for" in fault.cause
    assert fault.advice == 'set api = "legacy"'


def test_a_store_that_fails(source_of):
    body = b'{"error":{"httpCode":500,"message":"no connection to the store"}}'
    with answering(lambda _: Answer(body, status=500)) as url:
        fault = fault_of(lambda: rows_of(source_of(url)))
    assert "with 500: " in fault.cause
    assert "no connection to the store" in fault.cause


# The real one


@pytest.mark.parametrize("api", ["auto", "v3", "legacy"])
def test_a_jaeger_without_any_trace_is_one_all_the_same(source_of, api):
    with running_jaeger() as empty:
        source = source_of(empty.url, api=api)
        source.check()
        assert rows_of(source) == []


def test_the_port_for_otlp_is_not_that_of_the_api(jaeger, source_of):
    fault = fault_of(source_of(f"http://127.0.0.1:{jaeger.otlp_port}").check)
    assert "is it one for gRPC?" in fault.advice


def test_a_wrong_base_path(jaeger, source_of):
    fault = fault_of(source_of(f"{jaeger.url}/jaeger").check)
    assert "with its base_path" in fault.advice


def test_asking_changes_nothing(jaeger, source_of):
    """Without raw traces, Jaeger corrects spans, some versions for good; what people see must stay, too."""
    source = source_of(jaeger.url, api="v3")
    before = comparable(source.fetch(wanted()))
    rows_of(source_of(jaeger.url, api="legacy"), *TRACE_IDS)
    assert comparable(source.fetch(wanted())) == before


def test_spans_that_come_later_are_there_when_it_is_asked_again(source_of):
    with running_jaeger() as running:
        source = source_of(running.url)
        running.send(GOLDEN[:1])
        running.wait_for(TRACE_IDS[0], 1)
        first = {row["name"] for batch in source.fetch(wanted()) for row in batch.to_pylist()}
        running.send(GOLDEN[1:])
        running.wait_for(TRACE_IDS[0], 2)
        second = {row["name"] for row in rows_of(source)}
    assert first == {"POST /checkout", "GET /orders/{id}"}
    assert second == {"POST /checkout", "SELECT shop"}


@pytest.mark.parametrize("api", ["v3", "legacy"])
def test_traces_that_jaeger_evicted_are_not_there_and_the_others_are(source_of, api):
    ids = [bytes([0xBB, number]) * 8 for number in range(12)]
    with running_jaeger(max_traces=5) as running:
        for trace_id in ids:
            running.send([export_of(2, trace_id=trace_id)])
            running.wait_for(trace_id, 2)
        source = source_of(running.url, api=api)
        rows = rows_of(source, *ids)
    assert {row["trace_id"] for row in rows} == set(ids[-5:])
    assert len(rows) == 10
    assert source.truncated() == set()


def test_a_jaeger_that_was_killed_is_a_fault(source_of):
    with running_jaeger() as running:
        source = source_of(running.url)
        assert rows_of(source) == []
    assert fault_of(lambda: rows_of(source)).cause.startswith(f"Jaeger at {running.url} does not answer: ")


def test_many_traces_come_in_several_batches(source_of):
    trace_ids = [number.to_bytes(16, "big") for number in range(1, 301)]

    def answer(asked):
        trace_id = bytes.fromhex(asked.path.rpartition("/")[2])
        spans = [v3_span(number, trace_id, traceState="x" * 4_000) for number in range(1, 9)]
        return Answer(v3_result(*spans))

    with answering(answer) as url:
        source = JaegerSource(Access(url=url), api="v3")
        batches = list(source.fetch(asking_for(*trace_ids)))
        source.close()
    assert len(batches) > 1
    assert [row for batch in batches for row in batch["trace_id"].to_pylist()] == [
        trace_id for trace_id in trace_ids for _ in range(8)
    ]
