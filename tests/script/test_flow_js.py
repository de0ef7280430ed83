"""What flows are compiled to."""

from __future__ import annotations

from k6spec.declare import flow
from k6spec.declare.scenario import FlowScenario, Scenario
from k6spec.declare.secret import secret
from k6spec.script.flow_js.module import compile_flow


def source(scenario: FlowScenario) -> str:
    """The JavaScript of a flow."""
    return compile_flow(scenario, "flow_0").source


def test_a_flow_is_readable() -> None:
    assert source(
        Scenario.http(
            flow.get("/products", extract={"sku": "0.sku"}),
            flow.think("500ms"),
            flow.post("/checkout/{sku}", json={"sku": "{sku}"}, expect=201),
        )
    ) == (
        """// A flow of a spec, compiled by k6spec.

import http from 'k6/http';
import { check, sleep } from 'k6';
import { address, journey } from './runtime/flow.js';
import { json, need } from './runtime/flow_answer.js';

const BASE_URL = __ENV.BASE_URL;
const expect201 = http.expectedStatuses(201);

export default journey(() => {
  const values = { __proto__: null };
  let response;

  // "GET /products"
  response = http.request("GET",
    address(BASE_URL, "/products"),
    null, {
      tags: { name: "GET /products" },
      responseType: 'text',
    });
  values.sku = need(response, "GET /products has 0.sku", json(response, "0.sku"));

  sleep(0.5);

  // "POST /checkout/{sku}"
  response = http.request("POST",
    address(BASE_URL, "/checkout/" + encodeURIComponent(values.sku)),
    JSON.stringify({ "sku": values.sku }), {
      headers: { "Content-Type": "application/json" },
      tags: { name: "POST /checkout/{sku}" },
      responseCallback: expect201,
    });
  check(response, { "POST /checkout/{sku} is 201": () => [201].includes(response.status) });
});
"""
    )


def test_groups_repetition_and_choice_are_javascripts_own() -> None:
    browse = flow.get("/products")
    text = source(
        Scenario.http(
            flow.group("shop", flow.repeat(3, browse), flow.choose((0.7, browse), (0.3, [flow.think("1s", "3s")])))
        )
    )
    assert '  group("shop", () => {\n    for (let turn = 0; turn < 3; turn++) {\n      // "GET /products"' in text
    assert '    switch (chosen(0.7, 0.3)) {\n      case 0:\n        // "GET /products"' in text
    assert "      case 1:\n        sleep(1.0 + Math.random() * 2.0);\n        break;\n    }\n  });\n});" in text


def test_think_times_and_pace_are_in_seconds() -> None:
    text = source(
        Scenario.http(flow.think(flow.normal("1s", "250ms")), flow.think(flow.exponential("1m")), flow.pace("5s"))
    )
    assert "  const started = Date.now();" in text
    assert "  sleep(normal(1.0, 0.25));\n\n  sleep(exponential(60.0));\n\n  pace(started, 5.0);" in text


def test_data_is_shared_by_all_vus_and_drawn_once_an_iteration() -> None:
    compiled = compile_flow(
        Scenario.http(
            flow.get("/{user.name}/{user.a-b}"),
            data={"user": flow.rows([{"name": "ada", "a-b": 1}], pick="unique")},
        ),
        "flow_3",
    )
    assert (
        '  user: new SharedArray("flow_3.user", () => JSON.parse(open("./flow_3.user.json"))),' in compiled.source
    )
    assert '  const drawn = { user: unique(data.user, "user") };' in compiled.source
    assert "    user: data.user[drawn.user],\n" in compiled.source
    assert 'encodeURIComponent(values.user.name) + "/" + encodeURIComponent(values.user["a-b"])' in compiled.source
    assert compiled.files == {"flow_3.user.json": b'[\n{"name":"ada","a-b":1}\n]\n'}


def test_secrets_are_read_from_the_environment_only() -> None:
    text = source(
        Scenario.http(
            flow.get("/", auth=flow.bearer(secret("TOKEN"))),
            flow.get("/", headers={"X-Api-Key": f"Key {secret('API_KEY')}"}),
            flow.post("/", json={"password": secret("PASSWORD")}, auth=flow.basic("ci", secret("PASSWORD"))),
        )
    )
    names = ", ".join(f'{name}: secret("{name}")' for name in ("API_KEY", "PASSWORD", "TOKEN"))
    assert f"const secrets = {{ {names} }};" in text
    assert '"Authorization": "Bearer " + secrets.TOKEN' in text
    assert '"X-Api-Key": "Key " + secrets.API_KEY' in text
    assert '"password": secrets.PASSWORD' in text
    assert '"Authorization": "Basic " + encoding.b64encode("ci:" + secrets.PASSWORD)' in text


def test_nothing_from_python_becomes_code() -> None:
    nasty = '"); stolen(); //\n*/`${stolen()}`\u2028'
    text = flow.literal(nasty)
    compiled = source(
        Scenario.http(
            flow.group(
                nasty,
                flow.request(
                    "POST",
                    f"/{text}",
                    name=nasty,
                    json={nasty: [text], "__proto__": 1},
                    headers={"x": text},
                    cookies={"y": text},
                    query={nasty: text},
                    extract={"__proto__": nasty, "header": flow.header(nasty), "cookie": flow.cookie(nasty)},
                    check={nasty: flow.json(nasty).equals({"__proto__": text}), "b": flow.body().contains(text)},
                ),
                flow.post("/", form={nasty: text}),
                flow.post("/", text=text),
                flow.post("/", multipart={nasty: text, "f": flow.file(b"", filename=nasty, content_type=nasty)}),
            )
        )
    )
    code = [line for line in compiled.splitlines() if "stolen" in line and "address(" not in line]
    assert len(code) == 14
    assert all('\\"); stolen(); //\\n*/`${stolen()}`\\u2028' in line for line in code)
    assert compiled.count('["__proto__"]: ') == 2


def test_what_a_url_cannot_hold_is_encoded() -> None:
    compiled = source(
        Scenario.http(
            flow.get("/a b/ü/%41/%/\x1f?q=[1]&r={vu}\"'#f"),
            flow.get("https://ü.test:8080/ü"),
        )
    )
    assert (
        'address(BASE_URL, "/a%20b/%C3%BC/%41/%25/%1F?q=[1]&r=" + encodeURIComponent(values.vu) + "%22\'#f")'
        in (compiled)
    )
    assert 'address(BASE_URL, "https://\\u00fc.test:8080/%C3%BC")' in compiled


def test_the_leading_placeholder_of_a_path_is_an_address() -> None:
    compiled = source(
        Scenario.http(flow.get("/", extract={"next": "a"}), flow.get("{next}"), flow.get("/{next}/{{x}}"))
    )
    assert 'address(BASE_URL, "" + values.next)' in compiled
    assert 'address(BASE_URL, "/" + encodeURIComponent(values.next) + "/%7Bx%7D")' in compiled
