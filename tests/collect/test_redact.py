"""Redaction of spans: what is secret is replaced, everything else stays as it was."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

from k6spec.collect.decode import decode
from k6spec.collect.redact import RedactionRules, Redactor, redaction_rules
from k6spec.collect.redact_load import load_redactor
from k6spec.collect.redact_run import redact_run
from k6spec.config import load_config
from k6spec.store.requests import SAMPLES
from k6spec.store.spans import CODED, SCHEMA
from tests.support.otlp_messages import IDS, MESSAGES, attribute

MARK = r"\[redacted [0-9a-f]{6}\]"


def batch_of(*spans, resource=None):
    part = ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])
    return decode([TracesData(resource_spans=[part]).SerializeToString()])[0]


def redacted(*spans, resource=None, **rules):
    redactor = Redactor(RedactionRules(**rules))
    batch = redactor.spans(batch_of(*spans, resource=resource))
    batch.validate(full=True)
    coded = redactor.spans(batch_of(*spans, resource=resource).cast(CODED))
    assert coded.cast(SCHEMA).equals(batch)
    assert batch.schema == SCHEMA
    return batch.to_pylist()


def with_attributes(**attributes):
    return Span(**IDS, attributes=[attribute(key, string_value=value) for key, value in attributes.items()])


def is_mark(text):
    return text is not None and __import__("re").fullmatch(MARK, text) is not None


@pytest.mark.parametrize(
    "name",
    [
        "http.request.header.authorization",
        "http.request.header.x_api_key",
        "http.request.header.X-Api-Key",
        "http.response.header.set-cookie",
        "cookie",
        "user.password",
        "app.accessToken",
        "client_secret",
    ],
)
def test_attributes_with_a_secrets_name_are_replaced_whole(name):
    (row,) = redacted(
        Span(**IDS, attributes=[attribute(name, string_value="hunter2"), attribute("a", int_value=1)])
    )
    values = dict(row["attributes"])
    assert is_mark(values[name])
    assert values["a"] == "1"


def test_numbers_are_kept_unless_the_settings_name_them():
    span = Span(**IDS, attributes=[attribute("llm.tokens", int_value=812), attribute("user.id", int_value=4711)])
    (row,) = redacted(span, patterns=("user.id",))
    assert dict(row["attributes"])["llm.tokens"] == "812"
    assert is_mark(dict(row["attributes"])["user.id"])
    assert row["attribute_types"] == [("llm.tokens", "int")]


def test_a_list_of_header_values_is_replaced_by_one_text():
    values = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="Bearer abc")]))
    (row,) = redacted(Span(**IDS, attributes=[KeyValue(key="http.request.header.authorization", value=values)]))
    assert is_mark(row["attributes"][0][1])
    assert row["attribute_types"] == []


def test_secrets_within_a_kvlist_are_found():
    inner = KeyValueList(
        values=[attribute("password", string_value="hunter2"), attribute("user", string_value="bo")]
    )
    (row,) = redacted(Span(**IDS, attributes=[KeyValue(key="form", value=AnyValue(kvlist_value=inner))]))
    text = row["attributes"][0][1]
    assert "hunter2" not in text
    assert '"stringValue":"bo"' in text
    assert row["attribute_types"] == [("form", "kvlist")]


@pytest.mark.parametrize("key", ["url.full", "http.url", "http.target", "url.query"])
def test_secret_query_parameters_are_replaced_and_others_kept(key):
    (row,) = redacted(with_attributes(**{key: "http://shop/items?page=2&access_token=hunter2&sort=asc#top"}))
    text = row["attributes"][0][1]
    assert text.startswith("http://shop/items?page=2&access_token=[redacted ")
    assert text.endswith("]&sort=asc#top")


def test_normalised_columns_are_those_of_the_redacted_attributes():
    (row,) = redacted(
        with_attributes(**{"url.full": "http://bob:hunter2@shop/?sig=hunter2", "http.request.method": "GET"})
    )
    assert row["url"] == dict(row["attributes"])["url.full"]
    assert "hunter2" not in str(row)
    assert row["http_method"] == "GET"


def test_events_links_names_and_status_messages_are_redacted():
    told = [attribute("exception.message", string_value="login failed: password='hunter2' for bob")]
    span = Span(
        **IDS,
        name="GET http://shop/?token=hunter2",
        status=Status(code=2, message="Authorization: Bearer hunter2 refused"),
        events=[Span.Event(name="exception", attributes=told), Span.Event(name="retry")],
        links=[Span.Link(**IDS, attributes=[attribute("cookie", string_value="hunter2")])],
    )
    (row,) = redacted(span, resource=Resource(attributes=[attribute("deploy.secret", string_value="hunter2")]))
    assert "hunter2" not in str(row)
    assert [event["name"] for event in row["events"]] == ["exception", "retry"]
    assert "for bob" in row["events"][0]["attributes"][0][1]
    assert is_mark(dict(row["resource"])["deploy.secret"])


def test_a_known_secret_is_not_in_any_text_of_a_span():
    span = Span(
        **IDS,
        trace_state="vendor=hunter2",
        links=[Span.Link(**IDS, trace_state="vendor=hunter2")],
        events=[Span.Event(name="hunter2 came")],
    )
    scope = InstrumentationScope(
        name="lib hunter2", version="hunter2", attributes=[attribute("a", string_value="hunter2")]
    )
    service = Resource(attributes=[attribute("service.name", string_value="shop of hunter2")])
    part = ResourceSpans(resource=service, scope_spans=[ScopeSpans(scope=scope, spans=[span])])
    batch = decode([TracesData(resource_spans=[part]).SerializeToString()])[0]
    redactor = Redactor(RedactionRules(values=frozenset({"hunter2"})))
    (row,) = redactor.spans(batch.cast(CODED)).to_pylist()
    assert "hunter2" not in str(row)
    mark = redactor.mark("hunter2")
    assert (row["trace_state"], row["service"], row["scope_name"]) == (
        f"vendor={mark}",
        f"shop of {mark}",
        f"lib {mark}",
    )


def test_equal_secrets_of_a_run_have_one_mark_and_another_in_the_next_run():
    spans = [with_attributes(token=value) for value in ("one", "two", "one")]
    first, second, third = (row["attributes"][0][1] for row in redacted(*spans))
    assert first == third != second
    assert redacted(spans[0])[0]["attributes"][0][1] != first


@pytest.mark.parametrize(
    "text",
    [
        "Bearer hunter2hunter2",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2hunter2",
        "postgresql://app:hunter2@db/shop",
        '{"user": "bob", "password": "hunter2 and more"}',
        "{'api_key': 'hunter2'}",
        "client%5Fsecret=hunter2",
        "Cookie: session=hunter2; theme=hunter2",
        "x-api-key: hunter2",
        '{"Cookie":["a=hunter2","b=hunter2"],"X-Api-Key": ["hunter2"]}',
        r'msg="{\"Cookie\":[\"a=hunter2\",\"b=hunter2\"]}"',
        "map[Authorization:[Bearer hunter2] Accept:[*/*]]",
        r'{"password": "a\"hunter2"}',
        r'"{\"password\": \"a\\\"hunter2\"}"',
        "[(b'x-api-key', b'hunter2'), ('cookie', 'hunter2')]",
        "GET /login?next=https%3A%2F%2Fshop%2F%3Fa%3D1%26sig%3Dhunter2%26b%3D2",
        r'msg="Request:\nGET / HTTP/1.1\r\nCookie: a=hunter2; b=hunter2\r\nAccept: */*\r\n"',
        r"in C:\token=hunter2",
        "app --password hunter2 --verbose",
        "https://ghp0hunter2hunter2hunter2@host/repo",
        "postgresql://app:p@hunter2@db/shop",
        "sent Basic Ym9iOmh1bnRlcjI=",
        "-----BEGIN RSA PRIVATE KEY-----\\nMIIhunter2\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_are_found_in_any_text(text):
    (row,) = redacted(with_attributes(message=text))
    assert "hunter2" not in row["attributes"][0][1]
    assert "Ym9iOmh1bnRlcjI" not in row["attributes"][0][1]
    assert "redacted" in row["attributes"][0][1]


@pytest.mark.parametrize(
    "text",
    [
        "GET /tokens/refresh",
        "http://shop/items?page=2",
        "password = ?",
        "token=${TOKEN}",
        "SELECT 1",
        "10:45 retried",
        "user@example.com",
        "missing: ['password', 'email']",
        "basic authentication is refused",
        "https://bob@host/repo",
        "tokens: []",
    ],
)
def test_texts_without_a_secret_stay(text):
    assert redacted(with_attributes(message=text))[0]["attributes"] == [("message", text)]


def test_statements_stay_unless_asked_for():
    statement = "SELECT * FROM users WHERE token = 'hunter2' AND id = 42 AND t2.x = $1"
    span = with_attributes(**{"db.system": "sqlite", "db.statement": statement, "db.query.parameter.0": "hunter2"})
    (kept,) = redacted(span)
    assert kept["db_statement"] == statement
    (bare,) = redacted(span, statements=True)
    assert bare["db_statement"] == "SELECT * FROM users WHERE token = ? AND id = ? AND t2.x = $1"
    assert "hunter2" not in str(bare)


def test_known_secrets_are_found_wherever_they_come():
    span = with_attributes(**{"reset.path": "/reset/s3cr3t/now", "db.statement": "SELECT 's3cr3t'"})
    (row,) = redacted(span, values=frozenset({"s3cr3t"}))
    assert "s3cr3t" not in str(row)
    assert dict(row["attributes"])["reset.path"].endswith("/now")


AWKWARD = "hun\"ter2 pä/s\\s<'w+x=1"


@pytest.mark.parametrize(
    "form",
    [
        AWKWARD,
        json.dumps(AWKWARD)[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(json.dumps(AWKWARD)[1:-1])[1:-1])[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1].replace("<", r"\u003c"),
        repr(AWKWARD)[1:-1],
        html.escape(AWKWARD),
        quote(AWKWARD),
        quote_plus(AWKWARD),
        quote(AWKWARD, safe="!'()*"),
        quote(AWKWARD, safe="").lower(),
    ],
)
def test_a_known_secret_is_found_however_it_is_spelt(form):
    redactor = Redactor(RedactionRules(values=frozenset({AWKWARD})))
    assert re.fullmatch(f"a {MARK} z", redactor.text(f"a {form} z"))
    (row,) = redacted(with_attributes(message=f"a {form} z"), values=frozenset({AWKWARD}))
    assert re.fullmatch(f"a {MARK} z", row["attributes"][0][1])


@pytest.mark.parametrize("user", ["a", "bo", "bob", "alice"])
def test_a_known_secret_is_found_in_basic_authentication(user):
    redactor = Redactor(RedactionRules(values=frozenset({AWKWARD})))
    packed = base64.b64encode(f"{user}:{AWKWARD}".encode()).decode()
    own = len(base64.b64encode(user.encode()).rstrip(b"=")) + 2  # what the user alone decides may stay
    assert packed[own:] not in redactor.code(f"x={packed};")
    assert redactor.code(f"x={packed};").endswith("];")


def test_a_line_of_a_known_secret_is_found_alone():
    redactor = Redactor(RedactionRules(values=frozenset({"-----BEGIN X-----\nhunter2hunter2\n-----END X-----\n"})))
    assert re.fullmatch(rf"\+ '{MARK}\\n'", redactor.text(r"+ 'hunter2hunter2\n'"))


def test_a_known_secret_is_found_in_the_name_of_an_attribute():
    span = Span(**IDS, attributes=[attribute("by.s3cr3t", int_value=1), attribute("a", int_value=2)])
    (row,) = redacted(span, values=frozenset({"s3cr3t"}))
    (name, value), other = row["attributes"]
    assert re.fullmatch(f"by.{MARK}", name)
    assert (value, other) == ("1", ("a", "2"))
    assert row["attribute_types"] == [(name, "int"), ("a", "int")]


def test_what_follows_a_flag_in_a_list_of_arguments_is_found():
    values = [AnyValue(string_value=text) for text in ("app", "--password", "hunter2", "--verbose", "yes")]
    arguments = AnyValue(array_value=ArrayValue(values=values))
    (row,) = redacted(Span(**IDS, attributes=[KeyValue(key="process.command_args", value=arguments)]))
    shown = [item["stringValue"] for item in json.loads(row["attributes"][0][1])["values"]]
    assert is_mark(shown.pop(2))
    assert shown == ["app", "--password", "--verbose", "yes"]


def test_names_of_checks_of_tags_and_of_thresholds_hold_no_secret(tmp_path):
    row = {"metric": "checks", "check": "let in with s3cr3t", "tags": [("s3cr3t", "x"), ("a", "b")]}
    pq.write_table(pa.Table.from_pylist([row], SAMPLES), tmp_path / "metrics.parquet")
    (tmp_path / "k6-summary.json").write_text('{"metrics": {"http_reqs{user:s3cr3t}": {"count": 1}}}')
    redactor = Redactor(RedactionRules(values=frozenset({"s3cr3t"})))

    redact_run(tmp_path, redactor)

    (clean,) = pq.read_table(tmp_path / "metrics.parquet").to_pylist()
    mark = redactor.mark("s3cr3t")
    assert (clean["check"], clean["tags"]) == (f"let in with {mark}", [(mark, "x"), ("a", "b")])
    summary = json.loads((tmp_path / "k6-summary.json").read_text())
    assert summary == {"metrics": {f"http_reqs{{user:{mark}}}": {"count": 1}}}


def test_what_a_script_writes_at_its_end_holds_no_secret(tmp_path):
    told = {
        "setup_data": {"token": "hunter2", "tokens": ["hunter2"], "user": "bob"},
        "metrics": {"tokens": {"n": 1}},
    }
    (tmp_path / "summary.json").write_text(json.dumps(told))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "said.txt").write_text("password=hunter2 of s3cr3t")
    (tmp_path / "page.html").write_text("<script>token = 1</script> s3cr3t")
    (tmp_path / "shot.png").write_bytes(b"\x89PNG\0\xff token=1 s3cr3t")
    (tmp_path / "script.ts").write_text("const key: string = 's3cr3t'; token = 1")
    redactor = Redactor(RedactionRules(values=frozenset({"s3cr3t"})))

    redact_run(tmp_path, redactor)

    clean = json.loads((tmp_path / "summary.json").read_text())
    assert is_mark(clean["setup_data"].pop("token"))
    assert is_mark(clean["setup_data"].pop("tokens"))
    assert clean == {"setup_data": {"user": "bob"}, "metrics": {"tokens": {"n": 1}}}
    mark = redactor.mark("s3cr3t")
    assert (tmp_path / "sub" / "said.txt").read_text() == f"password={redactor.mark('hunter2')} of {mark}"
    assert (tmp_path / "page.html").read_text() == f"<script>token = 1</script> {mark}"
    assert (tmp_path / "shot.png").read_bytes() == b"\x89PNG\0\xff token=1 " + mark.encode()
    assert (tmp_path / "script.ts").read_text() == f"const key: string = '{mark}'; token = 1"


def test_without_the_defaults_only_what_the_settings_name():
    (row,) = redacted(with_attributes(password="a", iban="b"), defaults=False, patterns=("iban",))
    assert dict(row["attributes"])["password"] == "a"
    assert is_mark(dict(row["attributes"])["iban"])


def test_the_settings(tmp_path):
    text = '[tool.k6spec]\nredact = ["iban", "x-internal-*"]\nredact_defaults = false\nredact_statements = true\n'
    (tmp_path / "pyproject.toml").write_text(text)
    rules = redaction_rules(load_config(tmp_path, {}, {}), {"IBAN": "DE00123456", "PASSWORD": "hunter2hunter2"})
    assert rules.patterns == ("iban", "x-internal-*")
    assert (rules.defaults, rules.statements, rules.values) == (False, True, frozenset({"DE00123456"}))


def test_environment_variables_with_a_secrets_name_are_known_secrets(tmp_path):
    environ = {
        "API_TOKEN": "hunter2hunter2",
        "MAX_TOKENS": "100000000",
        "PASSWORD_FILE": "/run/secrets",
        "LOGIN": "bob",
    }
    rules = redaction_rules(load_config(tmp_path, {}, {}), environ, declared=["LOGIN"])
    assert rules.values == {"hunter2hunter2", "bob"}


def test_a_word_is_no_known_secret_unless_it_is_declared(tmp_path):
    config = load_config(tmp_path, {}, {})
    assert redaction_rules(config, {"POSTGRES_PASSWORD": "postgres"}).values == frozenset()
    assert redaction_rules(config, {"LOGIN": "postgres"}, declared=["LOGIN"]).values == {"postgres"}


def test_variables_that_a_load_is_given_are_secret_by_name_and_those_that_it_declares_always(tmp_path):
    load = {
        "scenarios": {
            "a": {"env": {"SHOP_PASSWORD": "hunter2hunter2", "SHOP": "orders.example"}},
            "b": {"steps": [{"headers": {"X": "{secret:LOGIN}"}}]},
        },
        "baggage": {"session.token": "baggage0hunter"},
    }
    redactor = load_redactor(load_config(tmp_path, {}, {}), {"LOGIN": "bob4711", "OTHER": "alice12"}, load)
    said = redactor.code("hunter2hunter2, orders.example, bob4711, alice12, baggage0hunter")
    assert re.fullmatch(f"{MARK}, orders.example, {MARK}, alice12, {MARK}", said)


@pytest.mark.parametrize("stands_for_it", ["{password}", "${__ENV.PASSWORD}", "***"])
def test_what_stands_for_a_password_in_an_address_stays(stands_for_it):
    redactor = Redactor(RedactionRules())
    assert redactor.code(f"http://bob:{stands_for_it}@shop/") == f"http://bob:{stands_for_it}@shop/"
    assert "hunter2" not in redactor.code("http://bob:hunter2@shop/")


def test_what_holds_no_secret_is_the_same_batch():
    batch = batch_of(with_attributes(**{"http.request.method": "GET", "url.full": "http://shop/items?page=2"}))
    assert Redactor(RedactionRules()).spans(batch) is batch


def test_a_slice_of_a_batch_is_redacted_as_itself():
    spans = [with_attributes(n=str(number), token=f"secret {number}") for number in range(5)]
    sliced = Redactor(RedactionRules()).spans(batch_of(*spans).slice(2, 2))
    assert [row["attributes"][0] for row in sliced.to_pylist()] == [("n", "2"), ("n", "3")]
    assert all(is_mark(row["attributes"][1][1]) for row in sliced.to_pylist())


def test_a_megabyte_of_text_costs_no_more_than_its_length():
    texts = ["a" * 1_000_000, "token" * 200_000, "token=" * 160_000, "://" * 300_000, '"' * 1_000_000 + "password"]
    rows = redacted(*(with_attributes(text=text) for text in texts))
    assert len(rows) == len(texts)


@settings(max_examples=100, deadline=None)
@given(MESSAGES)
def test_redaction_changes_nothing_but_what_it_looks_for(messages):
    batch, _ = decode(messages, decoder="plain")
    every = Redactor(RedactionRules(defaults=False, patterns=("a", "db.statement"))).spans(batch)
    every.validate(full=True)
    for before, after in zip(batch.to_pylist(), every.to_pylist(), strict=True):
        kept = [(key, value) for key, value in before["attributes"] if key not in ("a", "db.statement")]
        # A text that sets an "a" may be in there too.
        assert [key for key, _ in after["attributes"]] == [key for key, _ in before["attributes"]]
        values = dict(after["attributes"])
        assert all(values[key] == value for key, value in kept if "a" not in (value or ""))
        assert all(values[key] is None or is_mark(values[key]) for key in ("a", "db.statement") if key in values)
        assert not {key for key, _ in after["attribute_types"]} & {"a", "db.statement"}
        assert (after["start_ns"], after["links"] == [], after["service"]) == (
            before["start_ns"],
            before["links"] == [],
            before["service"],
        )


def test_what_clean_batches_leave_behind_hides_no_later_secret():
    redactor = Redactor(RedactionRules(values=frozenset({"s3cret-value"})))
    clean = with_attributes(statement="SELECT 1", note="all is well")
    for _ in range(3):
        assert redactor.spans(batch_of(clean)).to_pylist() == batch_of(clean).to_pylist()
    (row,) = redactor.spans(batch_of(with_attributes(statement="SELECT 1", note="s3cret-value"))).to_pylist()
    assert dict(row["attributes"])["statement"] == "SELECT 1"
    assert is_mark(dict(row["attributes"])["note"])
