"""Spans pushed to endpoints: what arrives, in real Jaegers and Collectors too, and where to."""

from __future__ import annotations

import time
from typing import Any

import grpc
import httpx
import pyarrow.parquet as pq
import pytest

from k6spec.collect.decode import decode
from k6spec.collect.otlp_json import traces_from_json
from k6spec.collect.push import Pushed, push, push_run, trace_ids_of
from k6spec.errors import ArchiveFault, ConfigError, StackFault
from k6spec.stack.process import ProcessStack
from k6spec.store.archive import SPANS, RunFolder
from tests.support.certificates import make_certificates
from tests.support.golden import GOLDEN
from tests.support.otlp_server import grpc_endpoint, http_endpoint, spans, target_at
from tests.support.runs import Request, db, entry, make_run, trace_id
from tests.support.stacks import binary

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def run(tmp_path) -> RunFolder:
    """Three requests, each with a client span and two of the system."""
    requests = [Request(spans=[entry(), db("SELECT * FROM stock WHERE sku = ?")]) for _ in range(3)]
    return make_run(tmp_path / "2026-11-01T00-00-00-0000aaaa", requests)


@pytest.fixture(params=["http", "grpc"])
def endpoint(request):
    """An endpoint that answers as the test says."""
    with {"http": http_endpoint, "grpc": grpc_endpoint}[request.param]() as opened:
        yield opened


@pytest.fixture
def stack(tmp_path):
    """A Collector and behind it Jaeger."""
    backend = ProcessStack(otelcol=binary("otelcol"), jaeger=binary("jaeger"), spool_root=tmp_path)
    backend.start()
    yield backend
    backend.stop()


def grpc_url(address: str) -> str:
    """A stack's OTLP/gRPC address as people write it."""
    return address.replace("http://", "grpc://")


# What arrives


def in_jaeger(stack: ProcessStack, trace: bytes, count: int) -> list[dict[str, Any]]:
    """The rows of a trace as Jaeger has it once it has ``count`` spans, in order of their starts."""
    link = stack.trace_url(trace.hex())
    assert link is not None
    url = f"{link.partition('/trace/')[0]}/api/v3/traces/{trace.hex()}"
    rows: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while len(rows) < count and time.monotonic() < deadline:
        response = httpx.get(url, trust_env=False, timeout=30)
        if response.status_code == 200:
            rows = decode([traces_from_json(response.text.removeprefix('{"result":').removesuffix("}"))])[
                0
            ].to_pylist()
        time.sleep(0.1)
    return sorted(rows, key=lambda row: (row["start_ns"], row["span_id"]))


def archived(folder: RunFolder, trace: bytes) -> list[dict[str, Any]]:
    """The rows of a trace as the run's folder has it."""
    table = pq.read_table(folder.path / SPANS)
    rows = [row for row in table.to_pylist() if row["trace_id"] == trace]
    return sorted(rows, key=lambda row: (row["start_ns"], row["span_id"]))


_COMPARED = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "service",
    "name",
    "kind",
    "start_ns",
    "duration_ns",
    "status",
)


@pytest.mark.parametrize("way", ["jaeger grpc", "collector grpc", "collector http"])
def test_a_run_that_was_pushed_is_in_jaeger_with_the_client_span_on_top(run, stack, way):
    viewer = stack.viewer()
    assert viewer is not None
    url = {
        "jaeger grpc": grpc_url(viewer),
        "collector grpc": grpc_url(stack.endpoints().otlp_grpc),
        "collector http": stack.endpoints().otlp_http,
    }[way]

    assert push_run(run, target_at(url)) == Pushed(spans=9, rejected=0, reason="")

    for number in range(3):
        got, want = in_jaeger(stack, trace_id(number), 3), archived(run, trace_id(number))
        assert [{name: row[name] for name in _COMPARED} for row in got] == [
            {name: row[name] for name in _COMPARED} for row in want
        ]
        assert (got[0]["service"], got[0]["parent_span_id"]) == ("k6", None)
        assert got[1]["parent_span_id"] == got[0]["span_id"]


def test_all_that_a_span_can_hold_arrives(endpoint):
    batch, _ = decode(GOLDEN)
    push([batch], target_at(endpoint.url))
    assert sorted(endpoint.taken, key=repr) == sorted(batch.to_pylist(), key=repr)


def test_only_client_spans(run, endpoint):
    assert push_run(run, target_at(endpoint.url), only_client_spans=True).spans == 3
    assert [row["service"] for row in endpoint.taken] == ["k6"] * 3


def test_only_some_traces(run, endpoint):
    assert push_run(run, target_at(endpoint.url), trace_ids=[trace_id(1)]).spans == 3
    assert {row["trace_id"] for row in endpoint.taken} == {trace_id(1)}


def test_a_system_that_calls_itself_k6_is_no_client_span(tmp_path, endpoint):
    folder = make_run(tmp_path / "2026-11-01T00-00-00-0000bbbb", [Request(spans=[entry(service="k6")])])
    assert push_run(folder, target_at(endpoint.url), only_client_spans=True).spans == 1


def test_progress_is_told(run, endpoint):
    told = []
    push_run(run, target_at(endpoint.url), on_progress=lambda done, total: told.append((done, total)))
    assert told == [(9, 9)]


def test_many_spans_go_in_many_messages(endpoint):
    told: list[int] = []
    pushed = push([spans(10_500), spans(10_500)], target_at(endpoint.url), on_progress=told.append)
    assert pushed.spans == len(endpoint.taken) == 21_000
    assert told == [*range(1_000, 10_001, 1_000), *range(10_500, 20_501, 1_000), 21_000]


def test_the_traces_of_a_run(run):
    assert trace_ids_of(run) == {trace_id(number) for number in range(3)}


# Where to


@pytest.mark.parametrize(
    ("url", "wire", "address"),
    [
        ("http://host:4318", "http", "http://host:4318/v1/traces"),
        ("https://host/otlp/", "http", "https://host/otlp/v1/traces"),
        ("http://host:4318/v1/traces", "http", "http://host:4318/v1/traces"),
        ("grpc://host:4317", "grpc", "host:4317"),
        ("grpcs://host", "grpc", "host:4317"),
        ("GRPC://[::1]:9", "grpc", "[::1]:9"),
    ],
)
def test_addresses(url, wire, address):
    target = target_at(url)
    assert (target.wire, target.http_url if wire == "http" else target.grpc_address) == (wire, address)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@host:4318", "http://host:4318"),
        ("grpc://user:secret@host:4317", "grpc://host:4317"),
        ("grpcs://host:4317", "grpcs://host:4317"),
    ],
)
def test_an_address_is_shown_as_it_is_written_and_without_credentials(url, shown):
    assert target_at(url).shown == shown


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://host", "grpc://", "grpc://host:port", ""])
def test_what_is_no_address(url):
    with pytest.raises(ConfigError, match=r"url|text") as caught:
        target_at(url)
    assert url in str(caught.value)


def test_grpc_knows_no_paths():
    with pytest.raises(ConfigError, match="without a path"):
        target_at("grpc://host:4317/v1/traces")


def test_http_is_posted_to_the_path_of_traces():
    with http_endpoint() as endpoint:
        push([spans()], target_at(endpoint.url + "/otlp"))
        push([spans()], target_at(endpoint.url + "/mine/v1/traces"))
        assert endpoint.paths == ["/otlp/v1/traces", "/mine/v1/traces"]


def test_headers_are_sent(endpoint):
    push([spans()], target_at(endpoint.url, headers={"X-Token": "s3cret"}))
    assert endpoint.requests[0]["x-token"] == "s3cret"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, a server and a client."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure(certificates):
    """An endpoint over gRPC that shows its certificate and wants to see the client's."""
    tls = grpc.ssl_server_credentials(
        [(certificates.server_key.read_bytes(), certificates.server.read_bytes())],
        root_certificates=certificates.ca.read_bytes(),
        require_client_auth=True,
    )
    with grpc_endpoint(tls) as opened:
        yield opened


def test_grpc_with_certificates_of_both_sides(secure, certificates):
    target = target_at(
        secure.url,
        ca=str(certificates.ca),
        client_cert=str(certificates.client),
        client_key=str(certificates.client_key),
    )
    assert push([spans()], target).spans == 1


def test_grpc_with_the_clients_key_in_the_file_of_its_certificate(secure, certificates, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(certificates.client.read_bytes() + certificates.client_key.read_bytes())
    target = target_at(secure.url, ca=str(certificates.ca), client_cert=str(both))
    assert push([spans()], target).spans == 1


def test_a_server_that_is_not_trusted_over_grpc(secure):
    with pytest.raises(StackFault, match=r"(?i)does not take OTLP over gRPC: .*(handshake|certificate)"):
        push([spans()], target_at(secure.url))


# The archive


def test_a_run_without_spans(run, endpoint):
    (run.path / SPANS).unlink()
    with pytest.raises(ArchiveFault, match="0000aaaa has no spans"):
        push_run(run, target_at(endpoint.url))


def test_spans_that_cannot_be_read(run, endpoint):
    (run.path / SPANS).write_bytes(b"PAR1 or not")
    with pytest.raises(ArchiveFault, match=r"spans\.parquet cannot be read"):
        push_run(run, target_at(endpoint.url))


def test_a_certificate_that_is_not_there():
    for scheme in ("https", "grpcs"):
        with pytest.raises(ConfigError, match=r"no\.pem"):
            push([spans()], target_at(f"{scheme}://127.0.0.1:1", ca="no.pem"))
