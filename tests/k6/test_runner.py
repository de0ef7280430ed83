"""Loads that run, and what k6 itself finds."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from k6spec.declare import flow
from k6spec.declare.profile import Profile
from k6spec.declare.profiles import constant_arrival_rate, per_vu_iterations, ramping_vus, shared_iterations, stage
from k6spec.declare.scenario import Scenario, ScriptScenario
from k6spec.store.requests import REQUESTS, SAMPLES
from k6spec.units import ms
from tests.k6.real_runs import Runner

GET = "import http from 'k6/http'; export default function () { http.get('SUT/x'); }"


def test_a_run_leaves_tables_of_the_declared_schemas(k6: Runner) -> None:
    ran = k6.run(k6.load(GET, shared_iterations(2, 6)))
    assert pq.read_schema(ran.result.requests_path).equals(REQUESTS)
    assert pq.read_schema(ran.result.metrics_path).equals(SAMPLES)
    assert [row["request_id"] for row in ran.requests] == list(range(6))
    assert ran.result.requests == ran.result.iterations == 6
    assert ran.result.started_ns < min(row["start_ns"] for row in ran.requests)
    assert max(row["end_ns"] for row in ran.requests) < ran.result.ended_ns
    assert not (ran.result.requests_path.parent / "requests.generated.parquet").exists()


def test_times_add_up(k6: Runner) -> None:
    for row in k6.run(k6.load(GET, per_vu_iterations(2, 5))).requests:
        assert row["duration_ns"] == pytest.approx(
            row["sending_ns"] + row["waiting_ns"] + row["receiving_ns"], abs=3
        )
        assert row["total_ns"] == row["duration_ns"] + max(row["blocked_ns"], row["connecting_ns"] + row["tls_ns"])
        assert row["end_ns"] - row["start_ns"] == row["total_ns"]


def test_ramps_fill_the_planned_columns(k6: Runner) -> None:
    source = """
        import http from 'k6/http'; import { sleep } from 'k6';
        export default function () { http.get('SUT/x'); sleep(0.02); }
    """
    profile = ramping_vus(stage("600ms", 3, name="up"), stage("600ms", 3), start_vus=1, warmup="200ms")
    ran = k6.run(k6.load(source, profile))
    assert {row["stage"] for row in ran.requests} == {"up", "stage 2"}
    for row in ran.requests:
        expected = min(1 + row["elapsed_ns"] // 300_000_000, 3)
        assert row["planned_vus"] == expected
        assert row["planned_rate"] is None
        assert row["warmup"] == (row["elapsed_ns"] < 200_000_000)
        assert row["active_vus"] in (None, 3)  # k6 reports once a second, first after one
    lasted = [row for row in ran.samples if row["metric"] == "iteration_duration"]
    assert {row["stage"] for row in lasted} == {"up", "stage 2"}
    assert all(row["planned_vus"] == min(1 + row["elapsed_ns"] // 300_000_000, 3) for row in lasted)


def test_arrival_rates_are_planned_per_second(k6: Runner) -> None:
    ran = k6.run(k6.load(GET, constant_arrival_rate(600, "1s", time_unit="1m", pre_allocated_vus=2)))
    assert {row["planned_rate"] for row in ran.requests} == {10.0}
    assert {row["planned_vus"] for row in ran.requests} == {None}


def test_dropped_iterations_are_counted(k6: Runner) -> None:
    source = "import { sleep } from 'k6'; export default () => { sleep(2); }"
    ran = k6.run(
        k6.load(source, constant_arrival_rate(20, "1s", pre_allocated_vus=1, max_vus=1, graceful_stop="0s"))
    )
    assert ran.result.dropped_iterations >= 15


def test_setup_data_reaches_each_script_and_its_requests_are_of_no_scenario(k6: Runner) -> None:
    def script(name: str) -> str:
        return f"""
            import http from 'k6/http';
            export function setup() {{ http.get('SUT/setup-{name}'); return {{ name: '{name}' }}; }}
            export default function (data) {{ http.get('SUT/data/' + data.name); }}
            export function teardown(data) {{ http.get('SUT/teardown-' + data.name); }}
        """

    one, two = (Scenario.script(k6.script(script(name), f"{name}.js")) for name in ("one", "two"))
    shop = Scenario.http(flow.get("/flow"))
    ran = k6.run(
        k6.parts(
            a=(one, per_vu_iterations(1, 1)), b=(two, per_vu_iterations(1, 1)), c=(shop, per_vu_iterations(1, 1))
        )
    )
    paths = {seen.path for seen in k6.server.seen}
    assert paths == {
        "/flow",
        *(f"/{part}{name}" for part in ("setup-", "data/", "teardown-") for name in ("one", "two")),
    }
    assert ran.of("/setup-one")[0]["scenario"] is None
    assert ran.of("/setup-one")[0]["elapsed_ns"] is None
    assert ran.of("/setup-one")[0]["trace_id"] is not None
    assert ran.of("/data/two")[0]["scenario"] == "b"


def test_without_setup_there_is_no_data_whatever_other_scripts_set_up(k6: Runner) -> None:
    def script(name: str, setup: str) -> tuple[ScriptScenario, Profile]:
        source = f"""
            import http from 'k6/http';
            {setup}
            export default function (data = '{name}') {{ http.get('SUT/' + data); }}
        """
        return Scenario.script(k6.script(source, f"{name}.js")), per_vu_iterations(1, 1)

    null = "export function setup() { return null; }"
    k6.run(k6.parts(a=script("nothing", ""), b=script("unused", null)))
    assert {seen.path for seen in k6.server.seen} == {"/nothing", "/null"}


def test_a_single_scripts_setup_and_handle_summary_pass_through(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            export async function setup() { return { answer: 42 }; }
            export default function (data) { http.get('SUT/' + data.answer); }
            export function handleSummary(data) {
              return { stdout: 'summary of ' + data.metrics.http_reqs.values.count };
            }
            """
        )
    )
    assert k6.server.seen[0].path == "/42"
    assert "summary of 1" in ran.result.log_path.read_text()


def test_each_script_opens_files_from_its_own_folder(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        import { read } from './lib/read.js';
        const path = await read('path.txt');
        export default function () { http.get('SUT/' + path); }
    """
    read = """
        import { open } from 'k6/experimental/fs';
        export async function read(path) {
          const content = new Uint8Array(8);
          await (await open(path)).read(content);
          return String.fromCharCode(...content);
        }
    """
    for name in ("of_one_a", "of_two_b"):
        k6.script(read, f"{name}/lib/read.js")
        k6.script(name, f"{name}/path.txt")
    one, two = (Scenario.script(k6.script(source, f"{name}/load.js")) for name in ("of_one_a", "of_two_b"))
    k6.run(k6.parts(a=(one, per_vu_iterations(1, 1)), b=(two, per_vu_iterations(1, 1))))
    assert sorted(seen.path for seen in k6.server.seen) == ["/of_one_a", "/of_two_b"]


def test_relative_imports_and_open_work_from_where_the_script_is(k6: Runner) -> None:
    k6.script("export const path = '/lib';", "lib.js")
    k6.script('{"path": "/data"}', "data.json")
    k6.run(
        k6.load(
            """
            import http from 'k6/http';
            import { path } from './lib.js';
            const data = JSON.parse(open('./data.json'));
            export default function () { http.get('SUT' + path); http.get('SUT' + data.path); }
            """
        )
    )
    assert [seen.path for seen in k6.server.seen] == ["/lib", "/data"]


def test_the_environment_reaches_init_code_and_two_scenarios_may_differ(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        const TOKEN = __ENV.TOKEN;
        export default function () { http.get(`${__ENV.BASE_URL}/${TOKEN}/${__ENV.SHARED}/${__ENV.WHO}`); }
    """
    path = k6.script(source)
    one, two = (Scenario.script(path, env={"SHARED": "both", "WHO": who}) for who in ("one", "two"))
    folder = k6.folder / "run"
    ran = k6.run(
        k6.parts(a=(one, per_vu_iterations(1, 1)), b=(two, per_vu_iterations(1, 1))), env={"TOKEN": "t0p"}
    )
    assert {seen.path for seen in k6.server.seen} == {"/t0p/both/one", "/t0p/both/two"}
    assert "t0p" not in " ".join(ran.result.argv)
    assert not any("t0p" in file.read_text() for file in (folder / "script").rglob("*.js"))


def test_settings_of_k6_in_the_environment_do_not_change_the_load(k6: Runner) -> None:
    ran = k6.run(k6.load(GET), env={"K6_VUS": "7", "K6_ITERATIONS": "70", "K6_OUT": "csv", "K6_PAUSED": "true"})
    assert ran.result.iterations == 1


def test_nor_does_a_configuration_file_of_k6s(k6: Runner) -> None:
    config = k6.folder / "config.json"
    config.write_text('{"vus": 5, "duration": "3s"}')
    ran = k6.run(k6.load(GET), env={"K6_CONFIG": str(config)})
    assert (ran.result.iterations, {row["scenario"] for row in ran.requests}) == (1, {"user"})


def test_scripts_read_the_systems_address_whatever_k6_is_told_of_its_environment(k6: Runner) -> None:
    source = "import http from 'k6/http'; export default () => { http.get(`${__ENV.BASE_URL}/x`); };"
    ran = k6.run(k6.load(source), env={"K6_INCLUDE_SYSTEM_ENV_VARS": "false"})
    assert [row["status"] for row in ran.requests] == [200]


def test_crossed_thresholds_are_a_finding(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            export const options = {
              vus: 50, duration: '10m', tags: { team: 'shop' },
              thresholds: {
                http_reqs: ['count>100', 'count>0'],
                'http_req_duration{scenario:user}': ['p(95)<60000'],
              },
            };
            export default function () { http.get('SUT/x'); }
            """
        )
    )
    assert ran.result.thresholds_crossed
    assert ran.result.exit_code == 99
    assert {(each.metric, each.expression): each.ok for each in ran.result.thresholds} == {
        ("http_reqs", "count>100"): False,
        ("http_reqs", "count>0"): True,
        ("http_req_duration{scenario:user}", "p(95)<60000"): True,
    }
    assert ran.requests[0]["tags"] == [("team", "shop")]
    assert len(ran.requests) == 1


def test_marked_as_failed_is_a_finding_where_k6_knows_it(k6: Runner) -> None:
    if k6.binary.version < (1, 3, 0):
        pytest.skip("exec.test.fail() came with a later k6")
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http'; import exec from 'k6/execution';
            export default function () { http.get('SUT/x'); exec.test.fail('not good'); }
            """
        )
    )
    assert ran.result.marked_failed
    assert not ran.result.thresholds_crossed


def test_requests_that_nobody_answers_are_recorded(k6: Runner) -> None:
    ran = k6.run(k6.load("import http from 'k6/http'; export default () => { http.get('http://127.0.0.1:1/x'); }"))
    (row,) = ran.requests
    assert (row["status"], row["failed"], row["error_code"]) == (0, True, 1212)
    assert "refused" in row["error"]
    assert row["trace_id"] is not None
    assert ran.result.unanswered == 1


def test_without_a_response_callback_nothing_is_said_about_failure(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            http.setResponseCallback(null);
            export default function () { http.get('SUT/status/500'); http.get('SUT/x'); }
            """
        )
    )
    assert [(row["status"], row["failed"]) for row in ran.requests] == [(500, None), (200, None)]


@pytest.mark.parametrize("function", ["function", "async function"])
def test_some_failing_iterations_are_counted(k6: Runner, function: str) -> None:
    ran = k6.run(
        k6.load(
            f"""
            import http from 'k6/http'; import exec from 'k6/execution';
            export default {function} () {{
              http.get('SUT/x');
              if (exec.vu.iterationInScenario % 2) throw new Error('odd one');
            }}
            """,
            per_vu_iterations(1, 4),
        )
    )
    assert ran.result.script_errors == 2
    assert ran.result.first_script_error is not None
    assert ran.result.first_script_error.startswith("Error: odd one")
    assert "user.js:5" in ran.result.first_script_error
    assert "runtime/scenario.js" not in ran.result.first_script_error


def test_flows_run_as_declared(k6: Runner) -> None:
    shop = Scenario.http(
        flow.get("/echo/{vu}", headers={"X-Sku": "a b/{iteration}"}, extract={"sku": "x-sku"}),
        flow.think("5ms", "10ms"),
        flow.request(
            "POST",
            "/checkout/{sku}",
            query={"q": "&{sku}"},
            json={"vu": "{vu}", "text": "vu {vu} {{x}}", "items": [{"sku": "{sku}", "quantity": 1, "gift": None}]},
            expect=(200, 201),
        ),
        flow.get("/status/404", expect=404),
        flow.get("/missing", extract={"gone": "not.there"}),
        flow.get("/never"),
        name="shop",
    )
    ran = k6.run(k6.parts(shop=(shop, per_vu_iterations(1, 1))))
    assert [(row["operation"], row["failed"]) for row in ran.requests] == [
        ("GET /echo/{vu}", False),
        ("POST /checkout/{sku}", False),
        ("GET /status/404", False),
        ("GET /missing", False),
    ]
    posted = k6.server.seen[1]
    assert posted.path == "/checkout/a%20b%2F0?q=%26a%20b%2F0"
    assert posted.headers["content-type"] == "application/json"
    vu = ran.requests[0]["vu"]
    assert json.loads(posted.body) == {
        "vu": vu,
        "text": f"vu {vu} {{x}}",
        "items": [{"sku": "a b/0", "quantity": 1, "gift": None}],
    }
    checks = {row["check"]: row["value"] for row in ran.samples if row["metric"] == "checks"}
    assert checks == {
        "GET /echo/{vu} has x-sku": 1,
        "POST /checkout/{sku} is 200 or 201": 1,
        "GET /status/404 is 404": 1,
        "GET /missing has not.there": 0,
    }


def test_flows_have_timeouts_and_base_urls_of_their_own(k6: Runner) -> None:
    own = Scenario.http(flow.request("GET", "/x", timeout=ms(2500)), base_url=k6.server.other_host_url + "/base/")
    k6.run(k6.parts(own=(own, per_vu_iterations(1, 1))), base_url="http://127.0.0.1:1")
    (seen,) = k6.server.seen
    assert seen.path == "/base/x"
    assert "traceparent" in seen.headers


def test_the_log_keeps_k6s_own_summary(k6: Runner) -> None:
    ran = k6.run(k6.load(GET))
    log = ran.result.log_path.read_text()
    assert "http_req_duration" in log
    assert ran.result.argv[:2] == (str(k6.binary.path), "run")
