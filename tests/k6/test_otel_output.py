"""k6's own metrics, sent to a real Collector."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from k6spec.declare.profiles import per_vu_iterations
from k6spec.errors import K6Fault
from k6spec.k6.binary import K6Binary
from k6spec.k6.log import read_log
from k6spec.k6.otel_output import otel_output
from k6spec.report.remarks import remarks
from k6spec.stack.ports import free_ports
from k6spec.stack.program import Program
from k6spec.stack.wait import HttpReady
from tests.k6.real_runs import Ran, Runner
from tests.support.stacks import binary, quiet_port

# The pause is for k6 1.1, which doesn't send what it measured in its last instant.
TEN_REQUESTS = """
    import http from 'k6/http'; import { sleep } from 'k6';
    export default function () {
      for (let number = 0; number < 10; number++) { http.get('SUT/x', { tags: { name: 'x' } }); }
      sleep(1);
    }
"""
ONE_REQUEST = "import http from 'k6/http'; export default function () { http.get('SUT/x'); }"
QUICK_TO_GIVE_UP = {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "500"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A running Collector that writes the metrics it gets into a file."""

    endpoint: str
    file: Path

    def exports(self, *, having: str) -> list[dict[str, Any]]:
        """All resources' metrics, once there are some with a certain text in them."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            text = self.file.read_text() if self.file.exists() else ""
            if having in text and text.endswith("\n"):
                return [each for line in text.splitlines() for each in json.loads(line)["resourceMetrics"]]
            time.sleep(0.05)
        raise AssertionError(f"no {having} came")

    def points(self, metric: str) -> list[dict[str, Any]]:
        """The data points of a sum, as they were exported last."""
        *_, last = self.exports(having=f'"{metric}"')
        (found,) = [each for scope in last["scopeMetrics"] for each in scope["metrics"] if each["name"] == metric]
        points: list[dict[str, Any]] = found["sum"]["dataPoints"]
        return points

    def total(self, metric: str) -> float:
        """The sum of its data points."""
        return sum(point.get("asDouble", 0) + int(point.get("asInt", 0)) for point in self.points(metric))

    def resource(self) -> dict[str, str]:
        """The attributes of what sent the metrics."""
        *_, last = self.exports(having="service.name")
        return {each["key"]: each["value"]["stringValue"] for each in last["resource"]["attributes"]}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """A real Collector, as a process."""
    grpc, health = free_ports([0, 0])
    file = tmp_path / "metrics.jsonl"
    config = {
        "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}}}},
        "exporters": {"file": {"path": str(file), "flush_interval": "100ms"}},
        "service": {
            "extensions": ["health_check"],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["file"]}},
        },
    }
    program = Program([binary("otelcol"), "--config=env:CONFIG"], env={"CONFIG": yaml.safe_dump(config)})
    try:
        program.wait_until(HttpReady(f"http://127.0.0.1:{health}/"), timeout=30)
        yield Collector(endpoint=f"http://127.0.0.1:{grpc}", file=file)
    finally:
        program.stop()


def test_a_collector_counts_the_requests_that_were_made(k6: Runner, collector: Collector) -> None:
    ran = k6.run(k6.load(TEN_REQUESTS, per_vu_iterations(2, 1)), metrics_to=collector.endpoint)
    assert collector.total("http_reqs") == len(k6.server.seen) == 20
    assert ran.result.metrics_error is None


def test_our_own_tables_are_as_without(k6: Runner, collector: Collector) -> None:
    ran = k6.run(k6.load(TEN_REQUESTS, per_vu_iterations(2, 1)), metrics_to=collector.endpoint)
    assert len(ran.requests) == 20
    assert all(row["trace_id"] for row in ran.requests)


def test_runs_are_told_apart_by_their_id_whatever_the_system_is_called(k6: Runner, collector: Collector) -> None:
    environ = {"OTEL_SERVICE_NAME": "orders", "OTEL_RESOURCE_ATTRIBUTES": "team=shop"}
    k6.run(k6.load(TEN_REQUESTS), env=environ, metrics_to=collector.endpoint)
    resource = collector.resource()
    assert resource["service.name"] == "k6"
    assert resource["k6spec.run_id"] == "run"  # the folder's name
    assert resource["team"] == "shop"


def test_what_the_user_has_set_for_k6_wins(k6: Runner, collector: Collector) -> None:
    environ = {"K6_OTEL_SERVICE_NAME": "load", "K6_OTEL_METRIC_PREFIX": "mine."}
    k6.run(k6.load(TEN_REQUESTS), env=environ, metrics_to=collector.endpoint)
    assert collector.total("mine.http_reqs") == 10
    assert collector.resource()["service.name"] == "load"


def test_urls_without_number_do_not_make_series_without_number(k6: Runner, collector: Collector) -> None:
    source = TEN_REQUESTS.replace("SUT/x', { tags: { name: 'x' } }", "SUT/' + number").replace("10;", "600;")
    k6.run(k6.load(source), metrics_to=collector.endpoint)
    assert len(collector.points("http_reqs")) == 500
    assert collector.total("http_reqs") == 600


def test_an_endpoint_that_does_not_answer_is_told_and_hinders_nothing(k6: Runner) -> None:
    ran = k6.run(k6.load(ONE_REQUEST), env=QUICK_TO_GIVE_UP, metrics_to=f"http://127.0.0.1:{quiet_port()}")
    assert len(ran.requests) == 1
    assert ran.result.exit_code == 0
    assert "failed to upload metrics" in (ran.result.metrics_error or "")


def test_settings_that_k6_refuses_are_told_and_the_load_runs_without(k6: Runner) -> None:
    environ = {"K6_OTEL_EXPORT_INTERVAL": "often"}
    ran = k6.run(k6.load(ONE_REQUEST), env=environ, metrics_to="http://127.0.0.1:1")
    assert len(ran.requests) == 1
    assert "K6_OTEL_EXPORT_INTERVAL" in (ran.result.metrics_error or "")


def test_what_k6_refuses_for_another_reason_is_still_a_fault(k6: Runner) -> None:
    source = "export const options = { thresholds: { nope: ['p(95)<'] } }; export default () => {};"
    with pytest.raises(K6Fault, match="threshold"):
        k6.run(k6.load(source), metrics_to="http://127.0.0.1:1")


def test_the_reason_of_an_aborted_load_is_not_hidden_by_metrics(k6: Runner) -> None:
    source = "import exec from 'k6/execution'; export default () => { exec.test.abort('enough'); };"
    with pytest.raises(K6Fault, match="enough"):
        k6.run(k6.load(source), env=QUICK_TO_GIVE_UP, metrics_to=f"http://127.0.0.1:{quiet_port()}")


def test_headers_that_cannot_be_read_are_not_shown(k6: Runner) -> None:
    ran = k6.run(k6.load(ONE_REQUEST), env={"K6_OTEL_HEADERS": "s3cret"}, metrics_to="http://127.0.0.1:1")
    assert "K6_OTEL_HEADERS" in (ran.result.metrics_error or "")
    assert "s3cret" not in f"{ran.result}{ran.result.log_path.read_text()}"


def test_a_stack_without_an_endpoint_is_told(k6: Runner) -> None:
    ran = k6.run(k6.load(ONE_REQUEST), metrics_to="")
    assert "otlp_grpc" in (ran.result.metrics_error or "")


def test_a_runs_remarks_tell_of_metrics_that_were_not_sent() -> None:
    health = {"script_errors": 0, "dropped_iterations": 0}
    (remark,) = remarks({"health": health, "k6": {"metrics_error": "refused"}})
    assert remark == "k6 could not send all of its own metrics: refused"


def test_without_an_endpoint_nothing_is_sent(k6: Runner) -> None:
    ran: Ran = k6.run(k6.load(ONE_REQUEST))
    assert not any("opentelemetry" in argument for argument in ran.result.argv)
    assert ran.result.metrics_error is None


@pytest.mark.parametrize(
    ("endpoint", "environ", "expected"),
    [
        ("http://127.0.0.1:4317", {}, ("127.0.0.1:4317", "true")),
        ("https://collector.example:443", {}, ("collector.example:443", "false")),
        ("http://127.0.0.1:4317", {"K6_OTEL_GRPC_EXPORTER_ENDPOINT": "mine:1"}, (None, None)),
        ("http://127.0.0.1:4317", {"K6_OTEL_GRPC_EXPORTER_INSECURE": "false"}, ("127.0.0.1:4317", None)),
    ],
    ids=["plain", "TLS", "the user's own endpoint, with TLS", "the user's own TLS"],
)
def test_an_endpoint_and_its_security_belong_together(
    endpoint: str, environ: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    k6 = K6Binary(path=Path("k6"), version=(1, 8, 1))
    settings = otel_output(k6, endpoint=endpoint, run_id="r", env=environ).settings
    names = ("K6_OTEL_GRPC_EXPORTER_ENDPOINT", "K6_OTEL_GRPC_EXPORTER_INSECURE")
    assert tuple(settings.get(name) for name in names) == expected


def test_the_output_is_called_by_the_name_that_this_k6_knows() -> None:
    names = [
        otel_output(K6Binary(path=Path("k6"), version=version), endpoint="http://c:1", run_id="r", env={}).name
        for version in [(1, 3, 9), (1, 4, 0), (2, 2, 0)]
    ]
    assert names == ["experimental-opentelemetry", "opentelemetry", "opentelemetry"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            r'time="…" level=error msg="can\'t shutdown OpenTelemetry provider" error="failed: \"refused\""',
            'failed: "refused"',
        ),
        ('time="…" level=info msg="2026/11/22 21:25:17 failed to upload metrics: too large"', "too large"),
        ('time="…" level=info msg="2026/11/22 21:25:17 failed to upload metrics: context canceled: rpc"', None),
        ('time="…" level=info msg="2026/11/22 21:25:17 failed to upload metrics: x" source=console', None),
    ],
    ids=["at the end", "before it", "cut off by the end", "a script's own words"],
)
def test_what_k6s_log_says_of_metrics(tmp_path: Path, line: str, told: str | None) -> None:
    (tmp_path / "k6.log").write_text(line.replace(r"\'", "'") + "\n")
    said = read_log(tmp_path / "k6.log")
    assert (told in (said.metrics_error or "")) if told else said.metrics_error is None
    assert said.first_error is None
