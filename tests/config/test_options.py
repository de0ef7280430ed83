"""Tables of settings, read name by name."""

import pytest

from k6spec.errors import ConfigError
from k6spec.options import Options
from k6spec.units import ms, seconds

WHERE = "[tool.k6spec.source]"


def options(environ=(), **table):
    return Options(table, where=WHERE, environ=dict(environ))


def error_of(read):
    """What ``read`` raises, in words."""
    with pytest.raises(ConfigError) as caught:
        read()
    return str(caught.value)


def test_values_that_are_there_and_defaults_of_those_that_are_not():
    given = options(a="text", b=3, d="250ms", e={"X-A": "1"}, f="two")

    assert given.text("a") == "text"
    assert given.number("b", 1) == 3
    assert given.duration("d", seconds(1)) == ms(250)
    assert given.texts("e") == {"X-A": "1"}
    assert given.choice("f", ["one", "two"]) == "two"
    given.end()

    assert options().text("a") is None
    assert options().text("a", "other") == "other"
    assert options().number("b", 1) == 1
    assert options().duration("d", seconds(1)) == seconds(1)
    assert options().texts("e") == {}
    assert options().choice("f", ["one", "two"]) == "one"


@pytest.mark.parametrize(("written", "meant"), [("5s", seconds(5)), (5, seconds(5)), (0.25, ms(250))])
def test_a_duration_is_a_text_or_a_number_of_seconds(written, meant):
    assert options(lag=written).duration("lag", seconds(1)) == meant


@pytest.mark.parametrize("written", ["soon", "5", True, -1, float("inf"), float("nan"), [5], {}])
def test_what_is_no_duration(written):
    said = error_of(lambda: options(lag=written).duration("lag", seconds(1)))
    assert said.startswith(f"{WHERE}: lag = ")
    assert said.endswith('write a duration, as in "5s"')


@pytest.mark.parametrize("written", [3, "", ["a"], True])
def test_what_is_no_text(written):
    assert error_of(lambda: options(a=written).text("a")) == f"{WHERE}: a = {written!r}; write a text"


@pytest.mark.parametrize("written", [0, 101, "8", 8.0, True])
def test_what_is_no_number_in_bounds(written):
    said = error_of(lambda: options(n=written).number("n", 8, lowest=1, highest=100))
    assert said == f"{WHERE}: n = {written!r}; write a number from 1 to 100"


def test_what_is_none_of_the_choices():
    said = error_of(lambda: options(api="v4").choice("api", ["auto", "v3"]))
    assert said == f"{WHERE}: api = 'v4'; write auto or v3"


def test_a_text_that_must_be_there():
    assert error_of(lambda: options().required("url")) == f"{WHERE}: url is missing"


def test_an_unknown_setting_names_the_one_that_is_near():
    given = options(tennant="a")
    given.text("tenant")
    assert error_of(given.end) == f"{WHERE}: unknown setting 'tennant'; did you mean 'tenant'?"


def test_an_unknown_setting_that_is_near_to_none_names_all():
    given = options(xyz="a")
    given.text("url")
    given.text("tenant")
    assert error_of(given.end) == f"{WHERE}: unknown setting 'xyz'; known are tenant, url"


def test_variables_of_the_environment_stand_in_texts():
    environ = {"HOST": "tempo", "TOKEN": "s3cret"}
    given = options(environ, url="https://${HOST}:1", headers={"Authorization": "Bearer ${TOKEN}"})

    assert given.text("url") == "https://tempo:1"
    assert given.texts("headers") == {"Authorization": "Bearer s3cret"}


@pytest.mark.parametrize(("environ", "state"), [({}, "not set"), ({"TOKEN": ""}, "empty")])
def test_a_variable_that_holds_nothing(environ, state):
    said = error_of(lambda: options(environ, headers={"A": "Bearer ${TOKEN}"}).texts("headers"))
    assert said == f"{WHERE}: headers.A needs the environment variable TOKEN, which is {state}"


@pytest.mark.parametrize(
    ("table", "read", "shown"),
    [
        ({"headers": "Bearer s3cret-x"}, lambda given: given.texts("headers"), "headers is not a table"),
        ({"headers": {"A": "s3cret-x", "B": 3}}, lambda given: given.texts("headers"), "headers.B is not a text"),
        ({"headers": {"A": "s3cret-x"}}, lambda given: given.text("headers"), "headers = { A = … }"),
        ({"url": "ftp://me:s3cret-x@host"}, lambda given: given.wrong("url", "no"), "url = 'ftp://…@host'"),
        ({"url": "me:s3cret-x@host"}, lambda given: given.wrong("url", "no"), "url = '…@host'"),
        ({"url": "http://me:s3cret-x/@y@host"}, lambda given: given.wrong("url", "no"), "url = 'http://…@host'"),
    ],
)
def test_errors_show_no_secrets(table, read, shown):
    given = options(**table)
    try:
        said = str(read(given))
    except ConfigError as error:
        said = str(error)
    assert "s3cret-x" not in said
    assert shown in said


def test_errors_show_values_as_they_are_written():
    given = options({"PORT": "s3cret-x"}, url="host:${PORT}")
    given.text("url")
    assert str(given.wrong("url", "no")) == f"{WHERE}: url = 'host:${{PORT}}'; no"
