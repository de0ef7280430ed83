"""Whatever flow can be declared, k6 accepts and runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k6spec.declare import flow
from k6spec.declare.flow.steps import Request, Step
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import per_vu_iterations
from k6spec.declare.scenario import FlowScenario, Scenario
from k6spec.declare.secret import secret
from k6spec.k6.binary import K6Binary, find_k6
from k6spec.script.compiler import compile_load
from tests.k6.echo_server import EchoServer, echo_server
from tests.k6.real_runs import Runner, every_k6, k6_id
from tests.script.k6_inspect import inspected

texts = st.text(max_size=12) | st.sampled_from(
    ["`${x}`", "\"'\\", "*/ //", "\u2028</script>", "__proto__", "{", "}}"]
)
names = st.text(min_size=1, max_size=12).filter(lambda name: "::" not in name)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
keys = st.text(st.sampled_from("abc-_"), min_size=1, max_size=5)
known = st.sampled_from(["{vu}", "{iteration}", "{row.text}", "{item.a}", str(secret("SOME_SECRET"))])
filled = st.lists(known | texts.map(flow.literal), max_size=3).map("".join)
addressed = st.lists(known.filter(lambda text: "secret" not in text) | texts.map(flow.literal), max_size=3).map(
    "".join
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | filled,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
sources = st.one_of(
    st.builds(flow.json, names),
    st.builds(flow.header, names),
    st.builds(flow.cookie, names),
    st.sampled_from([flow.regex(r"a(\w+)\"'`/"), flow.body()]),
)
checks = st.one_of(
    sources.map(lambda source: source.exists()),
    st.builds(lambda source, value: source.equals(value), sources, values),
    st.builds(lambda source, text: source.contains(text), sources, filled),
    st.just(flow.status(200, 404)),
)
fields = st.dictionaries(names, filled, max_size=2)
bodies: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"json": values}),
    st.fixed_dictionaries({"form": fields}),
    st.fixed_dictionaries({"text": filled}),
    st.fixed_dictionaries({"multipart": fields.map(lambda some: some | {"file": flow.file(b"\0\xff")})}),
    st.just({}),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "headers": st.dictionaries(keys, printable.map(flow.literal), max_size=2),
        "query": st.dictionaries(texts, addressed, max_size=2),
        "cookies": st.dictionaries(keys, printable.map(flow.literal), max_size=2),
        "auth": st.just(flow.basic("a", secret("SOME_SECRET"))) | st.just(flow.bearer("{row.text}")),
        "expect": st.just(200) | st.just((200, 404)),
        "check": st.dictionaries(names, checks, max_size=2),
        "timeout": st.just("2s"),
        "redirects": st.integers(0, 3),
    },
)
requests: st.SearchStrategy[Request] = st.builds(
    lambda method, path, body, rest: flow.request(method, f"/{path}", **body, **rest),
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    addressed,
    bodies,
    options,
)
short = st.sampled_from(["0s", "1ms", "2ms"])
pauses: st.SearchStrategy[Step] = st.one_of(
    short.map(flow.think),
    st.builds(lambda mean, spread: flow.think(flow.normal(mean, spread)), short, short),
    short.map(lambda mean: flow.think(flow.exponential(mean))),
    short.map(flow.pace),
)
steps: st.SearchStrategy[Step] = st.recursive(
    requests | pauses,
    lambda inner: st.one_of(
        st.builds(lambda name, some: flow.group(name, *some), names, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda times, step: flow.repeat(times, step), st.integers(1, 2), inner),
        st.builds(lambda one, two: flow.choose((0.3, one), (2, [two])), inner, inner),
    ),
    max_leaves=4,
)
flows: st.SearchStrategy[FlowScenario] = st.builds(
    lambda first, some: Scenario.http(
        first,
        *some,
        data={
            "row": flow.rows([{"text": "a"}, {"text": "b"}], pick="random"),
            "item": flow.payloads(st.fixed_dictionaries({"a": st.text(max_size=5)}), count=5),
        },
    ),
    requests,
    st.lists(steps, max_size=4),
)
slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=every_k6(), ids=k6_id)
def binary(request: pytest.FixtureRequest) -> K6Binary:
    return find_k6(request.param)


@settings(slow, max_examples=25)
@given(scenario=flows)
def test_any_flow_compiles_to_a_script_that_k6_accepts(
    binary: K6Binary, tmp_path_factory: pytest.TempPathFactory, scenario: FlowScenario
) -> None:
    load = declare_load(scenario, per_vu_iterations(1, 1))
    out = tmp_path_factory.mktemp("script")
    compiled = compile_load(load, run_key=b"abcd", base_url="http://127.0.0.1:1", out=out)
    assert set(inspected(binary, compiled.entry, SOME_SECRET="x")["scenarios"]) == {"flow"}


@pytest.fixture(scope="module")
def server() -> Any:
    with echo_server() as running:
        yield running


@settings(slow, max_examples=8)
@given(scenario=flows)
def test_any_flow_runs_to_its_end(
    binary: K6Binary, server: EchoServer, tmp_path_factory: pytest.TempPathFactory, scenario: FlowScenario
) -> None:
    k6 = Runner(server=server, folder=tmp_path_factory.mktemp("run"), binary=binary)
    ran = k6.run(declare_load(scenario, per_vu_iterations(1, 2)), env={"SOME_SECRET": "x"})
    assert (ran.result.iterations, ran.result.script_errors) == (2, 0)
    assert ran.requests
