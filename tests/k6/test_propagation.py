"""Context in other formats, baggage, sampling, the control share, and traces of more than one request."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from k6spec.collect.client_spans import client_spans
from k6spec.declare.profiles import per_vu_iterations
from k6spec.units import percent
from tests.k6.real_runs import Ran, Runner
from tests.k6.test_context import traceparent

ONE = "import http from 'k6/http'; export default () => { http.get('SUT/x'); }"
RANDOM_56 = 1 << 56


def spans_of(ran: Ran) -> list[dict[str, Any]]:
    """The client spans that k6spec makes of a run, as rows."""
    import pyarrow.parquet as pq

    table = pq.read_table(ran.result.requests_path)
    return [row for batch in client_spans(table) for row in batch.to_pylist()]


@pytest.mark.parametrize("propagator", ["b3", "b3multi", "jaeger", ("w3c", "b3", "b3multi", "jaeger")], ids=str)
def test_context_in_other_formats_has_the_ids_that_the_table_has(k6: Runner, propagator: Any) -> None:
    ran = k6.run(k6.load(ONE, propagator=propagator, baggage={"tenant": "a b", "load": "k6+spec"}))
    (row,), (seen,) = ran.requests, k6.server.seen
    trace, span = row["trace_id"].hex(), row["span_id"].hex()
    formats = {
        "w3c": {"traceparent": f"00-{trace}-{span}-03", "tracestate": "k6spec=load"},
        "b3": {"b3": f"{trace}-{span}-1"},
        "b3multi": {"x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-sampled": "1"},
        "jaeger": {
            "uber-trace-id": f"{trace}:{span}:0:1",
            "uberctx-tenant": "a%20b",
            "uberctx-load": "k6%2Bspec",
        },
    }
    declared = (propagator,) if isinstance(propagator, str) else propagator
    expected = {"baggage": "tenant=a%20b,load=k6%2Bspec", "x-correlation-id": trace}
    for name in declared:
        expected |= formats[name]
    all_of_them = {"baggage", "x-correlation-id"}.union(*formats.values())
    assert {name: seen.headers.get(name) for name in all_of_them} == dict.fromkeys(all_of_them) | expected


def test_a_scripts_own_context_wins_in_any_format_and_the_others_follow_it(k6: Runner) -> None:
    trace, span = "1" * 32, "2" * 16
    ran = k6.run(
        k6.load(
            f"""
            import http from 'k6/http';
            const send = (path, headers) => http.get(`SUT/${{path}}`, {{ headers }});
            export default function () {{
              send('b3', {{ B3: '{trace}-{span}-0' }});
              send('multi', {{ 'x-b3-TraceId': '{trace}', 'X-B3-SpanId': '{span}', 'X-B3-Sampled': '1' }});
              send('jaeger', {{ 'Uber-Trace-Id': '{trace[:20]}:{span}:0:1', baggage: 'own=1' }});
              send('w3c', {{ traceparent: '00-{trace}-{span}-00' }});
            }}
            """,
            propagator=("w3c", "b3"),
            baggage={"ours": "1"},
        )
    )
    seen = {each.path[1:]: each.headers for each in k6.server.seen}
    ids = {
        row["operation"][5:]: (row["trace_id"].hex(), row["span_id"].hex(), row["sampled"]) for row in ran.requests
    }
    short = trace[:20].zfill(32)
    assert ids == {
        "b3": (trace, span, False),
        "multi": (trace, span, True),
        "jaeger": (short, span, True),
        "w3c": (trace, span, False),
    }
    assert (seen["b3"]["b3"], seen["b3"]["traceparent"]) == (f"{trace}-{span}-0", f"00-{trace}-{span}-00")
    assert (seen["multi"]["traceparent"], seen["multi"]["b3"]) == (f"00-{trace}-{span}-01", f"{trace}-{span}-1")
    assert (seen["jaeger"]["b3"], seen["jaeger"]["baggage"]) == (f"{short}-{span}-1", "own=1")
    assert (seen["w3c"]["b3"], seen["w3c"]["baggage"]) == (f"{trace}-{span}-0", "ours=1")


def test_the_threshold_of_sampling_travels_and_decides(k6: Runner) -> None:
    ran = k6.run(k6.load(ONE, per_vu_iterations(2, 100), sampling=percent(25)))
    states = {seen.headers["traceparent"]: seen.headers["tracestate"] for seen in k6.server.seen}
    for row in ran.requests:
        kept = int.from_bytes(row["trace_id"][9:]) >= RANDOM_56 * 3 // 4
        assert row["sampled"] is kept
        assert states[traceparent(row)] == ("k6spec=load,ot=th:c" if kept else "k6spec=load")
        assert row["control"] is False


def test_the_control_share_is_sent_unsampled_and_marked(k6: Runner) -> None:
    ran = k6.run(k6.load(ONE, per_vu_iterations(2, 150), sampling=percent(50), control=percent(50)))
    kinds = {(row["sampled"], row["control"]) for row in ran.requests}
    assert kinds == {(True, False), (False, True), (False, False)}
    assert 0.1 < sum(row["control"] for row in ran.requests) / 300 < 0.4
    assert {traceparent(row) for row in ran.requests} == {s.headers["traceparent"] for s in k6.server.seen}
    sampled = [seen for seen in k6.server.seen if seen.headers["traceparent"].endswith("3")]
    assert {seen.headers["tracestate"] for seen in sampled} == {"k6spec=load,ot=th:c"}


def test_nothing_is_sampled_at_nought_per_cent(k6: Runner) -> None:
    ran = k6.run(k6.load(ONE, per_vu_iterations(1, 20), sampling=percent(0)))
    assert {row["sampled"] for row in ran.requests} == {False}
    assert {seen.headers["tracestate"] for seen in k6.server.seen} == {"k6spec=load"}


def test_an_iterations_requests_share_a_trace_below_a_root_span(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            export default async function () {
              http.get('SUT/a');
              http.batch(['SUT/b', 'SUT/c']);
              await Promise.all([http.asyncRequest('GET', 'SUT/d'), http.asyncRequest('GET', 'SUT/redirect')]);
              http.get('OTHER/away');
            }
            """,
            per_vu_iterations(2, 2),
            trace_per="iteration",
        )
    )
    traces = defaultdict(list)
    for row in ran.requests:
        traces[row["trace_id"]].append(row)
    assert {row["operation"] for row in traces.pop(None)} == {"GET /away"}
    assert len(traces) == 4
    spans = defaultdict(list)
    for span in spans_of(ran):
        spans[span["trace_id"]].append(span)
    for trace_id, rows in traces.items():
        assert len({(row["vu"], row["iteration"]) for row in rows}) == 1
        assert len({row["span_id"] for row in rows}) == 5
        (root,) = [span for span in spans[trace_id] if span["parent_span_id"] is None]
        clients = [span for span in spans[trace_id] if span is not root]
        assert {span["parent_span_id"] for span in clients} == {root["span_id"]}
        assert {span["span_id"] for span in clients} == {row["span_id"] for row in rows}
        assert (root["name"], root["kind"], root["service"]) == ("user", "internal", "k6")
        assert root["start_ns"] == min(row["start_ns"] for row in rows)
        assert root["start_ns"] + root["duration_ns"] == max(row["end_ns"] for row in rows)
    assert {traceparent(row) for rows in traces.values() for row in rows} == {
        seen.headers["traceparent"] for seen in k6.server.seen if seen.path != "/away"
    }


def test_groups_have_a_trace_each_and_other_requests_one_of_their_own(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            import { group } from 'k6';
            export default function () {
              http.get('SUT/alone');
              group('shop', () => {
                http.get('SUT/one');
                http.get('SUT/two');
                group('pay', () => { http.get('SUT/three'); http.get('SUT/four'); });
                http.get('SUT/five');
              });
              http.get('SUT/alone');
            }
            """,
            per_vu_iterations(1, 2),
            trace_per="group",
            sampling=percent(100),
        )
    )
    members = defaultdict(list)
    for row in ran.requests:
        members[row["trace_id"]].append(row["operation"].rpartition("/")[2])
    assert sorted(map(tuple, members.values())) == sorted(
        2 * [("alone",), ("one", "two", "five"), ("three", "four"), ("alone",)]
    )
    roots = [span["name"] for span in spans_of(ran) if span["kind"] == "internal"]
    assert sorted(roots) == ["shop", "shop", "shop::pay", "shop::pay"]


def test_the_decision_to_sample_is_the_journeys(k6: Runner) -> None:
    source = "import http from 'k6/http'; export default () => { http.get('SUT/x'); http.get('SUT/y'); }"
    ran = k6.run(k6.load(source, per_vu_iterations(1, 40), sampling=percent(50), trace_per="iteration"))
    decisions = defaultdict(set)
    for row in ran.requests:
        decisions[row["trace_id"]].add((row["sampled"], row["control"]))
    assert len(decisions) == 40
    assert {len(each) for each in decisions.values()} == {1}
    assert {next(iter(each)) for each in decisions.values()} == {(True, False), (False, False)}


def test_a_scripts_own_choice_of_format_holds_where_the_spec_declares_none(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        import tracing from 'k6/experimental/tracing';
        tracing.instrumentHTTP({ propagator: 'jaeger', sampling: 0, baggage: { own: 'x y' } });
        export default () => { http.get('SUT/x'); };
    """
    k6.run(k6.load(source))
    headers = k6.server.seen[0].headers
    assert re.fullmatch(r"[0-9a-f]{32}:[0-9a-f]{16}:0:0", headers["uber-trace-id"])
    assert (headers["baggage"], headers.get("traceparent")) == ("own=x%20y", None)


def test_the_specs_choice_of_format_wins_over_the_scripts(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        import { instrumentHTTP } from 'k6/experimental/tracing';
        instrumentHTTP({ propagator: 'jaeger' });
        export default () => { http.get('SUT/x'); };
    """
    k6.run(k6.load(source, propagator="b3"))
    headers = k6.server.seen[0].headers
    assert headers["b3"]
    assert "uber-trace-id" not in headers


def test_a_tag_with_a_value_for_each_request_is_remarked_on(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        export default () => { http.get(`SUT/${__VU}-${__ITER}`, { tags: { order: `${__VU}-${__ITER}` } }); };
    """
    ran = k6.run(k6.load(source, per_vu_iterations(2, 60)))
    order, urls = sorted(ran.result.remarks, key=lambda text: "URL" in text)
    assert order.startswith("the tag order has 120 values in 120 requests")
    assert urls.startswith("120 different URLs in 120 requests")
