"""What a load is compiled to."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.declare import flow
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import Scenario
from k6spec.errors import DeclarationError
from k6spec.script.compiler import compile_load
from k6spec.script.flow_js import compile_flow
from k6spec.script.options import script_env, target_hosts

ONE_SECOND = constant_vus(1, "1s")


def test_a_flow_is_readable() -> None:
    source = compile_flow(
        Scenario.http(
            flow.get("/products", extract={"sku": "0.sku"}),
            flow.think("500ms"),
            flow.post("/checkout/{sku}", json={"sku": "{sku}"}, expect=201),
        )
    )
    assert source == (
        """// A flow of a spec, compiled by k6spec.

import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { address, extract, withQuery } from './runtime/flow.js';

const BASE_URL = __ENV.BASE_URL;
const expected2 = http.expectedStatuses(201);

export default function () {
  const values = { __proto__: null };
  let response;

  // "GET /products"
  response = http.request("GET",
    address(BASE_URL, "/products"),
    null, {
      tags: { name: "GET /products" },
      responseType: 'text',
    });
  values.sku = extract(response, "GET /products", "0.sku");
  if (values.sku === undefined) return;

  sleep(0.5);

  // "POST /checkout/{sku}"
  response = http.request("POST",
    address(BASE_URL, "/checkout/" + encodeURIComponent(values.sku)),
    JSON.stringify({ "sku": values.sku }), {
      headers: { "Content-Type": "application/json" },
      tags: { name: "POST /checkout/{sku}" },
      responseCallback: expected2,
    });
  check(response, { "POST /checkout/{sku} is 201": (answer) => [201].includes(answer.status) });
}
"""
    )


def test_nothing_from_python_becomes_code() -> None:
    nasty = '"); stolen(); //\n*/`${stolen()}`\u2028'
    source = compile_flow(
        Scenario.http(
            flow.request(
                "POST",
                f"/{nasty.replace('{', '{{').replace('}', '}}')}",
                name=nasty,
                json={nasty: [nasty.replace("{", "{{").replace("}", "}}")], "__proto__": 1},
                headers={"x": nasty.replace("{", "{{").replace("}", "}}")},
                extract={"__proto__": nasty},
            )
        )
    )
    code = [line for line in source.splitlines() if "stolen" in line]
    assert len(code) == 6
    assert all('\\"); stolen(); //\\n*/`${stolen()}`\\u2028' in line for line in code)
    assert '["__proto__"]: 1' in source


def test_the_leading_placeholder_of_a_path_is_an_address() -> None:
    source = compile_flow(
        Scenario.http(flow.get("/", extract={"next": "a"}), flow.get("{next}"), flow.get("/{next}/{{x}}"))
    )
    assert 'address(BASE_URL, "" + values.next)' in source
    assert 'address(BASE_URL, "/" + encodeURIComponent(values.next) + "/{x}")' in source


def test_a_body_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(DeclarationError, match="nan cannot be sent as JSON"):
        compile_flow(Scenario.http(flow.post("/", json={"a": float("nan")})))


def test_hosts_that_get_context() -> None:
    load = declare_load(
        {
            "a": (Scenario.http(flow.get("/")), ONE_SECOND),
            "b": (Scenario.http(flow.get("/"), base_url="https://Own.test:8443/base"), ONE_SECOND),
        },
        None,
        propagate_to=["Api.test", "localhost:81", "*.shop.test", "http://u:p@url.test:82/x"],
    )
    assert target_hosts(load, "http://sut.test:8080") == [
        *("*.shop.test", "api.test", "localhost:81", "own.test", "sut.test", "url.test:82"),
    ]
    assert target_hosts(load, "http://[::1]:8080")[1] == "[::1]"


@pytest.mark.parametrize("host", ["", "a.test/path", "a b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    load = declare_load(Scenario.http(flow.get("/")), ONE_SECOND, propagate_to=[host])
    with pytest.raises(DeclarationError, match="write a host"):
        target_hosts(load, "http://sut.test")


def test_values_that_two_scripts_disagree_on_are_not_shared(tmp_path: Path) -> None:
    path = tmp_path / "a.js"
    path.touch()
    one, two = (Scenario.script(path, env={"SAME": "1", "OTHER": other}) for other in "ab")
    load = declare_load({"one": (one, ONE_SECOND), "two": (two, ONE_SECOND)}, None)
    assert script_env(load) == {"SAME": "1"}


def test_a_compiled_folder_is_self_contained_but_for_the_users_script(tmp_path: Path) -> None:
    script = tmp_path / "user.js"
    script.touch()
    load = declare_load(Scenario.script(script), ONE_SECOND)
    compiled = compile_load(load, run_key=bytes.fromhex("0000000a"), base_url="http://x", out=tmp_path / "out")
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.js")}
    assert {"entry.js", "settings.js", "runtime/http.js", "runtime/context.js", "runtime/ids.js"} <= files
    assert '"runKey": "0000000a"' in (tmp_path / "out" / "settings.js").read_text()
    assert compiled.env == {"BASE_URL": "http://x"}
    entry = compiled.entry.read_text()
    assert entry.index("./runtime/http.js") < entry.index(script.as_uri())


@pytest.mark.parametrize("key", [b"", b"abc", b"abcde", bytes(4)])
def test_a_wrong_run_key_is_refused(tmp_path: Path, key: bytes) -> None:
    load = declare_load(Scenario.http(flow.get("/")), ONE_SECOND)
    with pytest.raises(ValueError, match="give 4 bytes"):
        compile_load(load, run_key=key, base_url="http://x", out=tmp_path)
