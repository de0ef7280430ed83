"""Flows written in Python, run by real k6: what the system gets, and what comes of its answers."""

from __future__ import annotations

import base64
import json
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import strategies as st

from k6spec.declare import flow
from k6spec.declare.flow.answers import Source
from k6spec.declare.flow.data import Data
from k6spec.declare.flow.steps import Step
from k6spec.declare.load import declare_load
from k6spec.declare.profile import Profile
from k6spec.declare.profiles import per_vu_iterations, shared_iterations
from k6spec.declare.scenario import Scenario
from k6spec.declare.secret import secret
from k6spec.errors import K6Fault
from k6spec.script.payloads import PAYLOAD_TAG, payload_of
from tests.k6.echo_server import Seen
from tests.k6.real_runs import Ran, Runner

HOSTILE = [
    "\"'`${1}{{vu}}{vu}{secret:X}",
    "a\\n\n\r\t\u2028\u2029\x7f\x00\x1b",
    "ü€😀\u202e\ufeff",
    "%41%zz+&=?#/../;,",
    "</script><!--",
    "__proto__",
    "",
]
"""Texts that a compiler could get wrong."""


def run(
    k6: Runner, *steps: Step, profile: Profile | None = None, env: dict[str, str] | None = None, **more: Any
) -> Ran:
    """Runs a flow against the echo server; once, if nothing else is said."""
    scenario = Scenario.http(*steps, **more)
    return k6.run(declare_load(scenario, profile or per_vu_iterations(1, 1)), env=env)


def checks(ran: Ran) -> dict[str, bool]:
    """Each check's name, and whether it held."""
    return {row["check"]: row["value"] == 1 for row in ran.samples if row["metric"] == "checks"}


def paths(k6: Runner) -> list[str]:
    """The paths that the server was asked for."""
    return [seen.path for seen in k6.server.seen]


def query(seen: Seen) -> dict[str, list[str]]:
    """The query parameters of a request."""
    return parse_qs(urlsplit(seen.path).query, keep_blank_values=True)


def form(seen: Seen) -> dict[str, str]:
    """The fields of a multipart body."""
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + seen.body, policy=HTTP).iter_parts()
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode()
        for part in parts
    }


def test_every_kind_of_body_arrives_as_declared(k6: Runner, tmp_path: Path) -> None:
    photo = tmp_path / "photo '1'%.png"
    photo.write_bytes(bytes(range(256)))
    run(
        k6,
        flow.post("/json", json={"n": 1.5, "on": True, "none": None, "list": ["{vu}", "vu {vu}"]}),
        flow.put("/form", form={"a b": "c&d={vu}", "n": 1}),
        flow.patch("/text", text="<a>{vu}</a>", headers={"content-type": "application/xml"}),
        flow.delete("/text", text="plain"),
        flow.post("/files", multipart={"title": "x", "photo": flow.file(photo), "raw": flow.file(b"\0\xff")}),
        flow.head("/head"),
    )
    posted, put, patched, deleted, files, head = k6.server.seen
    assert json.loads(posted.body) == {"n": 1.5, "on": True, "none": None, "list": [1, "vu 1"]}
    assert posted.headers["content-type"] == "application/json"
    assert parse_qs(put.body.decode()) == {"a b": ["c&d=1"], "n": ["1"]}
    assert put.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (patched.body, patched.headers["content-type"]) == (b"<a>1</a>", "application/xml")
    assert (deleted.body, deleted.headers["content-type"]) == (b"plain", "text/plain; charset=utf-8")
    assert bytes(range(256)) in files.body
    assert b"filename=\"photo '1'%.png\"" in files.body
    assert b"\0\xff" in files.body
    assert [seen.method for seen in k6.server.seen] == ["POST", "PUT", "PATCH", "DELETE", "POST", "HEAD"]
    assert head.body == b""


def test_values_are_extracted_from_every_place_in_an_answer(k6: Runner) -> None:
    run(
        k6,
        flow.post(
            "/body",
            json={"items": [{"sku": "s-1", "left": 3}], "text": "csrf=t0k3n;"},
            extract={
                "sku": "items.0.sku",
                "left": flow.json("items.0.left"),
                "csrf": flow.regex(r"csrf=(\w+);"),
                "whole": flow.regex(r"t\dk\dn"),
                "sid": flow.cookie("sid"),
                "type": flow.header("CONTENT-type"),
            },
        ),
        flow.get("/redirect", redirects=0, extract={"next": flow.header("location")}),
        flow.get("{next}"),
        flow.post("/{sku}/{csrf}/{whole}/{sid}/{type}", json={"left": "{left}"}, cookies={"mine": "{sid}"}),
    )
    assert paths(k6) == ["/body", "/redirect", "/end", "/s-1/t0k3n/t0k3n/s-1/application%2Fjson"]
    last = k6.server.seen[-1]
    assert json.loads(last.body) == {"left": 3}
    assert set(last.headers["cookie"].split("; ")) == {"mine=s-1", "sid=s-1"}


def test_a_query_is_sent_with_a_link_to_a_part_of_a_page(k6: Runner) -> None:
    link = flow.post("/body", json={"link": "/page?id=1#prices"}, extract={"link": "link"})
    run(k6, link, flow.get("{link}", query={"sort": "up"}))
    assert paths(k6) == ["/body", "/page?id=1&sort=up"]


@pytest.mark.parametrize(
    "missing",
    [flow.json("gone"), flow.header("Gone"), flow.regex("g(o)ne"), flow.cookie("gone")],
    ids=lambda source: source.kind,
)
def test_a_missing_value_ends_the_iteration_with_a_failed_check(k6: Runner, missing: Source) -> None:
    ran = run(
        k6,
        flow.group("inner", flow.repeat(2, flow.post("/body", json={}, extract={"it": missing}))),
        flow.get("/never"),
        profile=per_vu_iterations(1, 2),
    )
    assert paths(k6) == ["/body"] * 2
    assert checks(ran) == {f"POST /body has {missing}": False}
    assert ran.result.script_errors == 0
    assert ran.result.iterations == 2


def test_checks_say_what_holds(k6: Runner) -> None:
    ran = run(
        k6,
        flow.post(
            "/body",
            json={"a": {"b": [1, {"c": None}]}, "vu": "v{vu}"},
            expect=(200, 201),
            check={
                "there": flow.json("a.b").exists(),
                "null is not there": flow.json("a.b.1.c").exists(),
                "equal": flow.json("a").equals({"b": [1, {"c": None}]}),
                "not equal": flow.json("a").equals({"b": [1]}),
                "filled in": flow.json("vu").equals("v{vu}"),
                "body": flow.body().contains('"v{vu}"'),
                "header": flow.header("content-type").equals("application/json"),
                "header contains": flow.header("content-type").contains("xml"),
                "cookie": flow.cookie("sid").equals("s-1"),
                "status": flow.status(200),
                "other status": flow.status(404, 500),
            },
        ),
        flow.get("/status/404", expect=404),
        flow.get("/status/500", name="http://[::1]/x", expect=200),
    )
    assert checks(ran) == {
        "POST /body is 200 or 201": True,
        "there": True,
        "null is not there": False,
        "equal": True,
        "not equal": False,
        "filled in": True,
        "body": True,
        "header": True,
        "header contains": False,
        "cookie": True,
        "status": True,
        "other status": False,
        "GET /status/404 is 404": True,
        "http://[: :1]/x is 200": False,
    }
    assert [row["failed"] for row in ran.requests] == [False, False, True]


def test_requests_and_checks_carry_their_group(k6: Runner) -> None:
    ran = run(
        k6,
        flow.get("/outside"),
        flow.group("shop", flow.get("/in", expect=200), flow.group("check out", flow.get("/deep", name="deep"))),
    )
    assert {row["name"]: row["group"] for row in ran.requests} == {
        "GET /outside": "",
        "GET /in": "::shop",
        "deep": "::shop::check out",
    }
    assert {row["group"] for row in ran.samples if row["metric"] == "checks"} == {"::shop"}


def test_journeys_are_chosen_by_weight(k6: Runner) -> None:
    rare = flow.group("rare", flow.get("/rare"))
    run(k6, flow.choose((9, [flow.get("/often")]), (1, rare)), profile=shared_iterations(4, 400))
    assert len(k6.server.seen) == 400
    assert 10 < paths(k6).count("/rare") < 90  # 40 expected: five standard deviations either way


def test_think_times_and_pace_take_their_time(k6: Runner) -> None:
    ran = run(
        k6,
        flow.get("/x"),
        flow.think("50ms"),
        flow.think("1ms", "5ms"),
        flow.think(flow.normal("1ms", "100ms")),
        flow.think(flow.exponential("1ms")),
        flow.pace("400ms"),
        profile=per_vu_iterations(2, 2),
    )
    lengths = [row["value"] for row in ran.samples if row["metric"] == "iteration_duration"]
    assert len(lengths) == 4
    assert min(lengths) >= 399  # JavaScript's clock has whole milliseconds


def test_credentials_come_from_the_environment_and_stay_out_of_the_archive(k6: Runner) -> None:
    run(
        k6,
        flow.get("/", auth=flow.basic("cī", secret("SHOP_PASSWORD"))),
        flow.post("/body", json={"token": "t-1"}, extract={"token": "token"}),
        flow.get("/", auth=flow.bearer("{token}")),
        flow.get("/", headers={"X-Api-Key": f"Key {secret('SHOP_KEY')}"}),
        flow.post("/", form={"password": secret("SHOP_PASSWORD")}),
        env={"SHOP_PASSWORD": "s3sam-öffne", "SHOP_KEY": "k-123456"},
    )
    basic, _login, bearer, key, posted = k6.server.seen
    assert base64.b64decode(basic.headers["authorization"].removeprefix("Basic ")).decode() == "cī:s3sam-öffne"
    assert bearer.headers["authorization"] == "Bearer t-1"
    assert key.headers["x-api-key"] == "Key k-123456"
    assert parse_qs(posted.body.decode()) == {"password": ["s3sam-öffne"]}
    for path in k6.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"k-123456" not in content
            assert "öffne".encode() not in content


def test_a_secret_that_is_not_set_is_named(k6: Runner) -> None:
    with pytest.raises(K6Fault, match="set the environment variable SHOP_TOKEN"):
        run(k6, flow.get("/", auth=flow.bearer(secret("SHOP_TOKEN"))))


@pytest.mark.parametrize("kind", ["inline", "json", "csv"])
def test_hostile_texts_arrive_unchanged(k6: Runner, tmp_path: Path, kind: str) -> None:
    run(
        k6,
        flow.post("/json", json={"it": "{t.x}", "in": "<{t.x}>", "own": [flow.literal(text) for text in HOSTILE]}),
        flow.post("/form", form={"it": "{t.x}"}),
        flow.post("/text", text="<{t.x}>"),
        flow.post("/multipart", multipart={"it": "{t.x}", "f": flow.file(b"")}),
        flow.get("/p/{t.x}/{{vu}}", query={"it": "{t.x}"}),
        data={"t": _rows(kind, tmp_path, HOSTILE)},
        profile=per_vu_iterations(1, len(HOSTILE)),
    )
    seen = {
        path: [each for each in k6.server.seen if each.path.startswith(path)]
        for path in ("/json", "/form", "/text")
    }
    assert [json.loads(each.body) for each in seen["/json"]] == [
        {"it": text, "in": f"<{text}>", "own": HOSTILE} for text in HOSTILE
    ]
    assert [parse_qs(each.body.decode(), keep_blank_values=True) for each in seen["/form"]] == [
        {"it": [text]} for text in HOSTILE
    ]
    assert [each.body.decode() for each in seen["/text"]] == [f"<{text}>" for text in HOSTILE]
    gets = [each for each in k6.server.seen if each.method == "GET"]
    assert [query(each)["it"] for each in gets] == [[text] for text in HOSTILE]
    assert [unquote(urlsplit(each.path).path) for each in gets] == [f"/p/{text}/{{vu}}" for text in HOSTILE]
    parts = [each for each in k6.server.seen if each.path == "/multipart"]
    assert [
        f'name="it"\r\n\r\n{text}\r\n'.encode() in each.body for each, text in zip(parts, HOSTILE, strict=True)
    ] == [True] * len(HOSTILE)


def _rows(kind: str, folder: Path, texts: list[str]) -> Data:
    """The texts as column ``x`` of inline rows, of a JSON file or of a CSV file."""
    if kind == "inline":
        return flow.rows([{"x": text} for text in texts])
    path = folder / f"rows 'ü'%41.{kind}"
    if kind == "json":
        path.write_text(json.dumps([{"x": text} for text in texts]))
    else:
        lines = ["\ufeffx;y", *(f'"{text.replace(chr(34), chr(34) * 2)}";1' for text in texts), ""]
        path.write_text("\r\n".join(lines), encoding="utf-8", newline="")
    return flow.rows(path, delimiter=";")


def test_each_pick_draws_its_own_way(k6: Runner) -> None:
    letters = [{"l": letter} for letter in "abcdef"]
    run(
        k6,
        flow.get("/{vu}/{iteration}/{all.l}/{each.l}/{own.l}/{once.l}/{any.l}"),
        data={
            "all": flow.rows(letters[:3]),
            "each": flow.rows(letters[:2], pick="per_vu"),
            "own": flow.rows(letters[:2], pick="own"),
            "once": flow.rows(letters, pick="unique"),
            "any": flow.rows(letters, pick="random"),
        },
        profile=per_vu_iterations(2, 3),
    )
    drawn = [path.split("/")[1:] for path in paths(k6)]
    assert sorted(each[2] for each in drawn) == list("aabbcc")
    assert {tuple(each[1:2] + each[3:4]) for each in drawn} == {("0", "a"), ("1", "b"), ("2", "a")}
    assert {tuple(each[0:1] + each[4:5]) for each in drawn} == {("1", "a"), ("2", "b")}
    assert sorted(each[5] for each in drawn) == list("abcdef")
    assert {each[6] for each in drawn} <= set("abcdef")


def test_unique_rows_that_run_out_end_the_load_with_a_fault(k6: Runner) -> None:
    with pytest.raises(K6Fault, match='all 2 rows of the data "user" are used'):
        run(
            k6,
            flow.get("/{user}"),
            data={"user": flow.rows(["a", "b"], pick="unique")},
            profile=per_vu_iterations(1, 3),
        )


def test_a_ragged_csv_file_is_refused_before_the_load(k6: Runner, tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n1,2\n\n3\n")
    with pytest.raises(K6Fault, match="CSV: row 2 has 1 values, the header has 2"):
        run(k6, flow.get("/{row.a}"), data={"row": flow.rows(path)})
    assert k6.server.seen == []


def test_the_payload_of_each_request_is_found_by_its_tag(k6: Runner) -> None:
    orders = flow.payloads(st.fixed_dictionaries({"name": st.text(), "n": st.integers(0, 9)}), count=25)
    ran = run(
        k6,
        flow.post("/orders", json="{order}"),
        flow.post("/nested", json={"it": "{order.n}"}),
        flow.get("/other"),
        data={"order": orders},
        profile=per_vu_iterations(1, 25),
    )
    rows = [row for row in ran.requests if row["operation"] == "POST /orders"]
    sent = {seen.headers["traceparent"][3:35]: json.loads(seen.body) for seen in k6.server.seen if seen.body}
    tags = {row["trace_id"].hex(): dict(row["tags"]).get(PAYLOAD_TAG) for row in rows}
    assert sorted(tags.values()) == sorted(f"flow_0.order:{number}" for number in range(25))
    for trace_id, tag in tags.items():
        assert payload_of(k6.folder / "run", tag) == sent[trace_id]
    assert all(PAYLOAD_TAG in dict(row["tags"]) for row in ran.requests if row["operation"] == "POST /nested")
    assert not any(PAYLOAD_TAG in dict(row["tags"]) for row in ran.requests if row["operation"] == "GET /other")


def test_an_unknown_payload_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"flow_0\.order\.json holds no payload 7"):
        payload_of(tmp_path, "flow_0.order:7")


def test_payloads_are_no_crowd_of_tags(k6: Runner) -> None:
    ran = run(
        k6,
        flow.post("/orders", json="{order}"),
        data={"order": flow.payloads(st.integers(0, 10**6), count=120)},
        profile=shared_iterations(2, 120),
    )
    assert len({dict(row["tags"])[PAYLOAD_TAG] for row in ran.requests}) == 120
    assert ran.result.remarks == ()
