"""Trace context in real requests: what the server got is what the table of requests says."""

from __future__ import annotations

import re
from typing import Any

from k6spec.declare.profiles import constant_vus, per_vu_iterations
from k6spec.declare.scenario import Scenario
from k6spec.units import percent
from tests.k6.real_runs import RUN_KEY, Runner

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[23])")


def traceparent(row: dict[str, Any]) -> str:
    return f"00-{row['trace_id'].hex()}-{row['span_id'].hex()}-{'03' if row['sampled'] else '02'}"


def test_every_way_to_send_a_request_carries_the_ids_that_the_table_has(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http, { get, post, batch, asyncRequest } from 'k6/http';
            export default async function () {
              http.get('SUT/default');
              get('SUT/named', { headers: { Accept: 'x' }, tags: { own: 'yes' } });
              post('SUT/post', 'body', null);
              http.put('SUT/put'); http.patch('SUT/patch'); http.del('SUT/del'); http.options('SUT/options');
              http.head('SUT/head');
              const frozen = Object.freeze({ headers: Object.freeze({ A: '1' }) });
              http.request('POST', http.url`SUT/url/${7}`, 'b', frozen);
              await Promise.all([asyncRequest('GET', 'SUT/async1'), asyncRequest('POST', 'SUT/async2', 'b')]);
              const tagged = ['POST', 'SUT/b1', 'x', { tags: { t: '1' } }];
              batch(['SUT/b0', tagged, { url: 'SUT/b2' }, http.url`SUT/b${3}`]);
              const put = { method: 'PUT', url: 'SUT/m2', body: 'x', params: { headers: { B: '2' } } };
              batch({ one: 'SUT/m1', two: put });
            }
            """
        )
    )
    sent = {seen.headers["traceparent"]: seen for seen in k6.server.seen}
    assert len(ran.requests) == len(sent) == 17
    for row in ran.requests:
        seen = sent[traceparent(row)]
        assert row["method"] == seen.method
        assert "${}" in row["url"] or row["url"].endswith(seen.path)
        assert TRACEPARENT.fullmatch(seen.headers["traceparent"])
        assert row["trace_id"][4:8] == RUN_KEY
        assert seen.headers["tracestate"] == "k6spec=load"
        assert seen.headers["x-correlation-id"] == row["trace_id"].hex()
    by_path = {seen.path: seen for seen in k6.server.seen}
    assert by_path["/named"].headers["accept"] == "x"
    assert by_path["/m2"].headers["b"] == "2"
    assert ran.of("/named")[0]["tags"] == [("own", "yes")]
    assert ran.of("/b1")[0]["tags"] == [("t", "1")]


def test_ids_are_unique_across_vus_even_where_the_script_seeds_math_random(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            import { randomSeed } from 'k6';
            randomSeed(42);
            export default function () { http.get('SUT/x'); }
            """,
            per_vu_iterations(20, 25),
        )
    )
    assert len(ran.requests) == 500
    assert len({row["trace_id"] for row in ran.requests}) == 500
    assert len({row["span_id"] for row in ran.requests}) == 500
    assert all(any(row["span_id"]) for row in ran.requests)


def test_a_scripts_own_context_headers_win_however_they_are_spelled(k6: Runner) -> None:
    own = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    ran = k6.run(
        k6.load(
            f"""
            import http from 'k6/http';
            export default function () {{
              http.get('SUT/own', {{ headers: {{ TraceParent: '{own}' }} }});
              http.get('SUT/again', {{ headers: {{ TraceParent: '{own}' }} }});
              http.get('SUT/correlated', {{ headers: {{ 'x-correlation-id': 'mine', Tracestate: 'a=b' }} }});
              http.get('SUT/broken', {{ headers: {{ traceparent: 'nonsense' }} }});
              http.batch([['GET', 'SUT/in-batch', null, {{ headers: {{ TRACEPARENT: '{own}' }} }}]]);
            }}
            """
        )
    )
    seen = {each.path: each.headers for each in k6.server.seen}
    assert seen["/own"]["traceparent"] == seen["/in-batch"]["traceparent"] == own
    assert seen["/own"]["x-correlation-id"] == "1" * 32
    for path in ("/own", "/again", "/in-batch"):
        assert ran.of(path)[0]["trace_id"] == bytes.fromhex("1" * 32)
        assert ran.of(path)[0]["span_id"] == bytes.fromhex("2" * 16)
        assert ran.of(path)[0]["sampled"] is True
    assert seen["/correlated"]["x-correlation-id"] == "mine"
    assert seen["/correlated"]["tracestate"] == "a=b"
    assert seen["/correlated"]["traceparent"] == traceparent(ran.of("/correlated")[0])
    assert seen["/broken"]["traceparent"] == "nonsense"
    assert ran.of("/broken")[0]["trace_id"] is None


def test_other_hosts_get_no_context_and_their_requests_are_joined_to_no_trace(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            export default function () {
              http.get('SUT/ours');
              http.get('OTHER/theirs', { headers: { A: '1' } });
              http.batch(['OTHER/batch-theirs', 'SUT/batch-ours']);
            }
            """
        )
    )
    seen = {each.path: each.headers for each in k6.server.seen}
    for path in ("/theirs", "/batch-theirs"):
        assert not {"traceparent", "tracestate", "x-correlation-id"} & set(seen[path])
        assert ran.of(path)[0]["trace_id"] is None
        assert ran.of(path)[0]["sampled"] is None
    assert seen["/ours"]["traceparent"] == traceparent(ran.of("/ours")[0])
    assert seen["/batch-ours"]["traceparent"] == traceparent(ran.of("/batch-ours")[0])


def test_propagate_to_adds_hosts(k6: Runner) -> None:
    k6.run(
        k6.load(
            "import http from 'k6/http'; export default () => { http.get('OTHER/x'); }",
            propagate_to=["LOCALHOST"],
        )
    )
    assert TRACEPARENT.fullmatch(k6.server.seen[0].headers["traceparent"])


def test_a_redirect_chain_is_one_span_with_hops(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            "import http from 'k6/http'; export default () => { http.get('SUT/redirect'); http.get('SUT/end'); }"
        )
    )
    first, second, third = ran.requests
    assert (first["status"], first["hop"], second["hop"], third["hop"]) == (302, 0, 1, 0)
    assert first["span_id"] == second["span_id"] != third["span_id"]


def test_requests_that_k6_sends_past_the_runtime_are_joined_to_no_trace(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            const hidden = 'click' + 'Link';
            export default function () {
              http.get('SUT/page')[hidden]({ selector: 'a' });
              http.batch(['SUT/page'])[0][hidden]({ selector: 'a' });
              http.get('SUT/after');
            }
            """
        )
    )
    assert [(row["operation"], row["trace_id"] is not None) for row in ran.requests] == [
        ("GET /page", True),
        ("GET /clicked", False),
        ("GET /page", True),
        ("GET /clicked", False),
        ("GET /after", True),
    ]


def test_the_share_of_sampled_requests_follows_the_declaration(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            "import http from 'k6/http'; export default () => { http.get('SUT/x'); }",
            per_vu_iterations(4, 100),
            sampling=percent(25),
        )
    )
    assert 0.13 < sum(row["sampled"] for row in ran.requests) / 400 < 0.38
    flags = {seen.headers["traceparent"][-2:] for seen in k6.server.seen}
    assert flags == {"02", "03"}
    assert {traceparent(row) for row in ran.requests} == {s.headers["traceparent"] for s in k6.server.seen}


def test_checks_belong_to_the_request_before_them_and_not_to_the_iteration_before(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            import { check } from 'k6';
            export default function () {
              check(null, { before: () => true });
              http.get('SUT/x');
              check(null, { after: () => true });
            }
            """,
            per_vu_iterations(1, 2),
        )
    )
    checks = [(row["check"], row["trace_id"]) for row in ran.samples if row["metric"] == "checks"]
    first, second = (row["trace_id"] for row in ran.requests)
    assert checks == [("before", None), ("after", first), ("before", None), ("after", second)]
    assert all(row["trace_id"] is None for row in ran.samples if row["metric"] == "iteration_duration")


def test_the_summary_shows_no_metric_of_k6specs_own(k6: Runner) -> None:
    ran = k6.run(k6.load("import http from 'k6/http'; export default () => { http.get('SUT/x'); }"))
    assert "k6spec" not in ran.result.log_path.read_text()
    assert not {row["metric"] for row in ran.samples if row["metric"].startswith("k6spec")}
    assert set(ran.result.scenario_starts) == {"user"}


def test_each_scenarios_requests_know_their_scenario_vu_and_iteration(k6: Runner) -> None:
    source = """
        import http from 'k6/http'; import {{ sleep }} from 'k6';
        export const go = () => {{ http.get('SUT/{0}'); sleep(0.1); }};
    """
    one, two = (Scenario.script(k6.script(source.format(n), f"{n}.js"), exec="go") for n in ("one", "two"))
    ran = k6.run(
        k6.parts(first=(one, per_vu_iterations(2, 3)), second=(two, constant_vus(1, "1s", start="200ms")))
    )
    assert {row["scenario"] for row in ran.of("/one")} == {"first"}
    assert {row["scenario"] for row in ran.of("/two")} == {"second"}
    vus = {row["vu"] for row in ran.of("/one")}
    assert {(row["vu"], row["iteration"]) for row in ran.of("/one")} == {(vu, i) for vu in vus for i in range(3)}
    assert len(ran.of("/one")) == 6
    starts = ran.result.scenario_starts
    assert 150_000_000 < starts["second"] - starts["first"] < 1_000_000_000
    assert all(0 <= row["elapsed_ns"] < 1_500_000_000 for row in ran.requests)
