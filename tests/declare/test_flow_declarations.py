"""Flows: what can be declared, what is refused, and what makes two the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import strategies as st

from k6spec.declare import flow
from k6spec.declare.fingerprint import declaration, fingerprint
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import FlowScenario, Scenario
from k6spec.declare.secret import secret
from k6spec.errors import DeclarationError

PEOPLE = flow.rows(
    [{"name": "ada", "tags": ["a"], "boss": None}, {"name": "bob", "tags": [], "boss": None, "x": 1}]
)
POOLS = {"one": flow.payloads(st.text(), count=2), "two": flow.payloads(st.text(), count=2)}
http = partial(Scenario.http, data={"user": PEOPLE})


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: flow.get("/", header={"a": "b"}), "a request has no header=; did you mean headers=?"),
        (lambda: flow.post("/", json=1, form={"a": "b"}), "this one has json and form"),
        (lambda: flow.post("/", json={"a": float("nan")}), "nan cannot be sent as JSON"),
        (lambda: flow.post("/", json={"a": 2**53 + 2}), "send it as a text"),
        (lambda: flow.post("/", json={"a": object}), "type <class 'object'> cannot be sent as JSON"),
        (lambda: flow.post("/", json="\ud800"), "half of a surrogate pair"),
        (lambda: flow.post("/", form={"a": True}), "form 'a': True is not a text"),
        (lambda: flow.post("/", multipart={"a": "b"}), "multipart needs a file"),
        (lambda: flow.file("gone.png"), "there is no file 'gone.png' in "),
        (lambda: flow.get("/", headers=["a"]), "headers=['a']: write a mapping"),
        (lambda: flow.get("/", headers={"authorization": "Bearer abc"}), 'archived; write secret("NAME")'),
        (lambda: flow.get("/", auth=("a", "b")), "auth: write flow.basic"),
        (lambda: flow.get("/", auth=flow.bearer("{a}"), headers={"Authorization": "{a}"}), "say the same"),
        (lambda: flow.basic("ci", "abc"), "basic(password=…): a credential written here would be archived"),
        (lambda: flow.bearer("abc"), "bearer(…): a credential written here would be archived"),
        (lambda: secret("MY TOKEN"), "give the name of an environment variable"),
        (lambda: secret("BASE_URL"), "k6spec or k6 itself uses this variable"),
        (
            lambda: flow.get(f"/{secret('TOKEN')}") and http(flow.get(f"/{secret('TOKEN')}")),
            "a secret in an address",
        ),
        (lambda: http(flow.get("/", query={"key": secret("KEY")})), "a secret in an address"),
        (lambda: flow.rows([{"password": secret("P")}]), "rows are archived, so P has no place in them"),
        (lambda: flow.get("/", extract={"a": 1}), "extract 'a': write a JSON path"),
        (lambda: flow.get("/", extract=["id"]), "extract=['id']: name what is taken"),
        (lambda: flow.get("/", extract={"a": "$.items[0].id"}), "write json('items.0.id')"),
        (lambda: flow.get("/", check=flow.json("a").exists()), "name each check"),
        (lambda: flow.get("/", check={"a": flow.json("a")}), "check 'a': write flow.json"),
        (lambda: flow.get("/", check={"a::b": flow.json("a").exists()}), "k6 takes no :: in a check's name"),
        (lambda: flow.json(""), "json(''): write a text that is not empty"),
        (lambda: flow.regex("(a"), "regex('(a'): missing )"),
        (lambda: flow.regex(r"(?P<a>b)"), "which have no (?P"),
        (lambda: flow.status(20), "an HTTP status lies between 100 and 599"),
        (lambda: flow.get("/", redirects=-1), "redirects=-1: must be at least 0"),
        (lambda: flow.think(flow.normal("1s", "1s"), "2s"), "a distribution takes no longest time"),
        (lambda: flow.pace(5), "write a duration with its unit"),
        (lambda: flow.group("a::b", flow.get("/")), "without k6's :: in it"),
        (lambda: flow.group("a"), "group(name, …) needs steps"),
        (lambda: flow.repeat(0, flow.get("/")), "times=0: must be at least 1"),
        (lambda: flow.choose((1, flow.get("/"))), "at least two branches"),
        (lambda: flow.choose({0.5: flow.get("/")}, {0.5: flow.get("/")}), "write pairs of weight and steps"),
        (lambda: flow.choose((0, flow.get("/")), (1, flow.get("/"))), "the weight 0 is not a number above zero"),
        (lambda: flow.choose((1, "/"), (1, "/")), "'/' are not steps"),
        (lambda: http(flow.get("/{user.nam}")), "row 0 of user has no 'nam'; it has 'name', 'tags', 'boss'"),
        (lambda: http(flow.get("/{user.x}")), "row 0 of user has no 'x'"),
        (lambda: http(flow.get("/{user.tags}")), "and row 0 of user gives a list"),
        (lambda: http(flow.post("/", json="<{user}>")), "and row 0 of user gives an object"),
        (lambda: http(flow.post("/", form={"a": "{user.boss}"})), "and row 0 of user gives null"),
        (lambda: http(flow.get("/", extract={"user": "a"})), "data has this name already"),
        (lambda: http(flow.get("/{vu.x}")), "only data has fields"),
        (lambda: http(flow.get("/", check={"a": flow.json("a").equals("{b}")})), "{b} is not known here"),
        (
            lambda: Scenario.http(flow.get("/"), data={"vu": PEOPLE}),
            "use a plain name other than vu and iteration",
        ),
        (lambda: Scenario.http(flow.get("/"), data={"a": "b.csv"}), 'write flow.rows("a.csv")'),
        (lambda: Scenario.http(flow.post("/", text="{one}{two}"), data=POOLS), "from several pools of payloads"),
        (lambda: Scenario.script(__file__, env={"A": secret("A")}), "is in the script's __ENV already"),
        (lambda: flow.rows("gone.csv"), "there is no file 'gone.csv' in "),
        (lambda: flow.rows([]), "rows: there is none"),
        (lambda: flow.rows({"a": 1}), "give a list of rows"),
    ],
)
def test_errors_name_the_line_and_say_what_to_write(declare: Callable[[], object], says: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(says)) as caught:
        declare()
    assert caught.value.location is not None
    assert caught.value.location.endswith(f"test_flow_declarations.py:{declare.__code__.co_firstlineno}")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", "a\n1\n", "k6spec reads .csv and .json files"),
        ("a.json", "{", "a.json is not JSON: "),
        ("a.json", '{"a": 1}', "rows of a.json: give a list of rows"),
        ("a.json", "[12345678901234567890]", "k6 would round 12345678901234567890"),
        ("a.csv", "a,b\n", "a.csv needs a header and a row below it"),
        ("a.csv", "a,a\n1,2\n", "need names of their own: 'a', 'a'"),
        ("a.csv", "a,b\n1\n", "has 2 columns, and 1 values in its first row"),
        ("a.csv", b"a\n\xff\n", "a.csv is not UTF-8"),
    ],
)
def test_files_that_are_no_rows_are_refused(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DeclarationError, match=re.escape(says)):
        flow.rows(tmp_path / name)


def test_a_column_that_a_csv_file_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("\ufeffname;mail\nada;a@b\n", encoding="utf-8")
    data = {"user": flow.rows(tmp_path / "users.csv", delimiter=";")}
    Scenario.http(flow.post("/{user.name}", json="{user}"), data=data)
    with pytest.raises(DeclarationError, match=re.escape("users.csv has the columns name, mail")):
        Scenario.http(flow.get("/{user.email}"), data=data)
    with pytest.raises(DeclarationError, match=re.escape("and a row of user gives user.name")):
        Scenario.http(flow.post("/", text="{user}"), data=data)


def test_what_only_some_branches_extract_is_not_known_after_the_choice() -> None:
    both = flow.get("/", extract={"a": "a"})
    one = flow.get("/", extract={"a": "a", "b": "b"})
    http(flow.choose((1, both), (2, [one, flow.get("/{b}")])), flow.get("/{a}"))
    with pytest.raises(DeclarationError, match=re.escape("{b} is not known here")):
        http(flow.choose((1, both), (2, one)), flow.get("/{b}"))


def test_what_a_group_or_a_repetition_extracts_is_known_after_it() -> None:
    http(flow.group("g", flow.repeat(2, flow.get("/", extract={"a": "a"}))), flow.get("/{a}"))


def test_a_secret_is_nothing_but_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3same")
    step = flow.get("/", auth=flow.bearer(secret("TOKEN")), headers={"X-Api-Key": f"Key {secret('TOKEN')}"})
    plain = json.dumps(declaration(declare_load(http(step), constant_vus(1, "1s"))))
    assert "{secret:TOKEN}" in plain
    assert "s3same" not in plain + repr(step)
    assert "Key" not in repr(step)


def same(one: FlowScenario, other: FlowScenario) -> bool:
    """Whether the loads of two flows have the same fingerprint."""
    first, second = (fingerprint(declaration(declare_load(each, constant_vus(1, "1s")))) for each in (one, other))
    return first == second


def test_flows_are_the_same_by_steps_and_by_what_their_data_holds(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"

    def declared(content: str, photo: bytes = b"1", weight: float = 1) -> FlowScenario:
        file.write_text(content)
        upload = flow.post("/", multipart={"photo": flow.file(photo)})
        return Scenario.http(
            flow.choose((1, flow.get("/{user.name}")), (weight, upload)), data={"user": flow.rows(file)}
        )

    first = declared("name\nada\n")
    assert same(first, declared("name\nada\n"))
    assert not same(first, declared("name\nada\n", photo=b"2"))
    assert not same(first, declared("name\nada\n", weight=2))
    before = fingerprint(declaration(declare_load(first, constant_vus(1, "1s"))))
    file.write_text("name\nbob\n")
    assert fingerprint(declaration(declare_load(first, constant_vus(1, "1s")))) != before


def test_a_declaration_holds_no_rows_and_no_files() -> None:
    scenario = http(flow.post("/{user.name}", multipart={"f": flow.file(b"content")}))
    assert "ada" not in str(scenario.describe())
    assert "content'" not in str(scenario.describe())
    assert "ada" not in repr(scenario)
