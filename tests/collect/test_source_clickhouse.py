"""ClickHouse as a trace source: its real engine (chdb), and tables as the Collector's exporter makes them."""

from uuid import uuid4

import pytest

from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.clickhouse_sql import quoted, spans_of
from k6spec.errors import StackFault
from k6spec.units import seconds
from tests.support.answering import Answer, answering
from tests.support.golden import BEGIN, GOLDEN, TRACE_IDS, assert_gives_golden, wanted
from tests.support.source_clickhouse import PASSWORD, WITHOUT, clickhouse

TRACE = bytes([0xFF]) * 16
HOUR = 3600 * 10**9

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with clickhouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def table(engine):
    """A table of its own for each test; its name."""
    name = f"t{uuid4().hex}"
    engine.create(name)
    yield name
    engine.run(f"DROP TABLE {name}")


def insert(engine, table, values):
    """A span of TRACE; ``values`` are SQL, by column."""
    given = {
        "Timestamp": f"fromUnixTimestamp64Nano(toInt64({BEGIN}))",
        "TraceId": f"'{TRACE.hex()}'",
        "SpanId": "'00000000000000aa'",
        **values,
    }
    columns = ", ".join(f"`{name}`" for name in given)
    engine.run(f"INSERT INTO {table} ({columns}) SELECT {', '.join(given.values())}")


def fetched(source, *trace_ids):
    asked = WantedTraces(trace_ids=trace_ids or [TRACE], begin_ns=BEGIN, end_ns=BEGIN + 10**9)
    batches = list(source.fetch(asked))
    for batch in batches:
        batch.validate(full=True)
    return [row for batch in batches for row in batch.to_pylist()]


def test_inserts_that_were_tried_again_count_once(engine, table):
    for _ in range(3):
        engine.insert(GOLDEN, table)
    assert_gives_golden(engine.source(table=table), WITHOUT)


def test_rows_of_old_and_new_spelling_in_one_table(engine, table):
    insert(engine, table, {"SpanKind": "'SPAN_KIND_SERVER'", "StatusCode": "'STATUS_CODE_ERROR'"})
    insert(engine, table, {"SpanId": "'00000000000000ab'", "SpanKind": "'Client'", "StatusCode": "'Ok'"})
    insert(engine, table, {"SpanId": "'00000000000000ac'", "SpanKind": "'Novel'", "StatusCode": "''"})
    rows = sorted(fetched(engine.source(table=table)), key=lambda row: row["span_id"])
    assert [(row["kind"], row["status"]) for row in rows] == [
        ("server", "error"),
        ("client", "ok"),
        ("unspecified", "unset"),
    ]


def test_a_key_that_comes_twice_keeps_its_first_value(engine, table):
    insert(engine, table, {"SpanAttributes": "CAST((['a', 'b', 'a'], ['1', '2', '3']), 'Map(String, String)')"})
    (row,) = fetched(engine.source(table=table))
    assert row["attributes"] == [("a", "1"), ("b", "2")]


def test_text_that_is_not_utf8_is_replaced(engine, table):
    insert(engine, table, {"SpanName": "unhex('61FF62')", "SpanAttributes": "map('k', unhex('FF'))"})
    (row,) = fetched(engine.source(table=table))
    assert (row["name"], row["attributes"]) == ("a\ufffdb", [("k", "\ufffd")])


def test_links_without_valid_ids_are_counted_as_dropped(engine, table):
    links = {
        "Links.TraceId": f"['', '{TRACE.hex()}']",
        "Links.SpanId": "['', '00000000000000bb']",
        "Links.TraceState": "['', 'a=b']",
        "Links.Attributes": "[map(), map('k', 'v')]",
    }
    insert(engine, table, links)
    (row,) = fetched(engine.source(table=table))
    assert ([link["trace_state"] for link in row["links"]], row["dropped_links"]) == (["a=b"], 1)


@pytest.mark.parametrize("parent", ["''", "'0000000000000000'"])
def test_a_span_without_a_parent_is_a_root(engine, table, parent):
    insert(engine, table, {"ParentSpanId": parent})
    (row,) = fetched(engine.source(table=table))
    assert row["parent_span_id"] is None


def test_a_span_that_ends_before_it_starts_took_no_time(engine, table):
    insert(engine, table, {"Duration": "toUInt64(-5)"})
    (row,) = fetched(engine.source(table=table))
    assert row["duration_ns"] == 0


def test_a_span_without_a_service(engine, table):
    insert(engine, table, {})
    (row,) = fetched(engine.source(table=table))
    assert row["service"] == "unknown_service"


@pytest.mark.parametrize(("apart", "found"), [(HOUR // 2, 1), (-HOUR // 2, 1), (24 * HOUR, 0)])
def test_clocks_may_be_an_hour_apart(engine, table, apart, found):
    insert(engine, table, {"Timestamp": f"fromUnixTimestamp64Nano(toInt64({BEGIN + apart}))"})
    assert len(fetched(engine.source(table=table))) == found


def test_more_traces_than_one_query_asks_for(engine, table):
    engine.run(
        f"INSERT INTO {table} (Timestamp, TraceId, SpanId) SELECT fromUnixTimestamp64Nano(toInt64({BEGIN})), "
        "lower(leftPad(hex(number + 1), 32, '0')), '00000000000000aa' FROM numbers(2500)"
    )
    ids = [number.to_bytes(16, "big") for number in range(1, 2501)]
    assert {row["trace_id"] for row in fetched(engine.source(table=table), *ids)} == set(ids)


def test_names_are_quoted(engine):
    engine.run("CREATE DATABASE IF NOT EXISTS `my-db`")
    engine.create("`my-db`.`a``b`")
    engine.insert(GOLDEN, "`my-db`.`a``b`")
    assert_gives_golden(engine.source(database="my-db", table="a`b"), WITHOUT)


def test_what_exceeds_the_servers_limits_is_an_error_and_no_part(engine, table):
    engine.insert(GOLDEN, table)
    source = engine.source(table=table)
    source.check()
    engine.run("SET max_result_rows = 1, max_block_size = 1, result_overflow_mode = 'break'")
    try:
        with pytest.raises(StackFault, match="TOO_MANY_ROWS_OR_BYTES"):
            list(source.fetch(wanted()))
    finally:
        engine.run("SET max_result_rows = 0, max_block_size = 65409, result_overflow_mode = 'throw'")


def test_a_user_who_may_change_no_settings_can_read(tmp_path):
    with clickhouse(tmp_path) as engine:
        engine.create()
        engine.insert(GOLDEN)
        engine.run("SET readonly = 1")
        assert_gives_golden(engine.source(), WITHOUT)


def test_only_ids_go_into_the_query():
    with pytest.raises(ValueError, match="not a trace id"):
        spans_of(quoted("t"), ["ScopeName"], ["'; DROP TABLE t; --"], 0, 1)


@pytest.mark.parametrize(
    ("settings", "error"), [({"table": "nope"}, "UNKNOWN_TABLE"), ({"database": "nope"}, "UNKNOWN_DATABASE")]
)
def test_a_table_that_is_not_there(engine, settings, error):
    with pytest.raises(StackFault, match=error) as caught:
        engine.source(**settings).check()
    assert "set database and table" in caught.value.advice


def test_a_table_that_is_not_the_exporters(engine):
    engine.run("CREATE TABLE others (TraceId String) ENGINE = Memory")
    with pytest.raises(StackFault, match=r"`default`\.`others` .* has no Timestamp, SpanId") as caught:
        engine.source(table="others").check()
    assert "set table to the one" in caught.value.advice


def test_attributes_of_type_json_are_refused(engine):
    engine.create("with_json", attributes="JSON")
    with pytest.raises(StackFault, match="keeps attributes as JSON") as caught:
        list(engine.source(table="with_json").fetch(wanted()))
    assert "without json: true" in caught.value.advice


def test_a_wrong_password_in_words(engine):
    headers = {"X-ClickHouse-User": "reader", "X-ClickHouse-Key": f"not-{PASSWORD}"}
    with pytest.raises(StackFault, match="Authentication failed") as caught:
        engine.source(headers=headers).check()
    assert "X-ClickHouse-Key" in caught.value.advice
    assert PASSWORD not in str(caught.value)


def test_what_is_no_clickhouse(engine):
    with answering(lambda asked: Answer(b"<html>hello</html>")) as url:
        source = engine.source(url=url)
        with pytest.raises(StackFault, match="something else than the columns of a table in JSON"):
            source.check()


def test_spans_that_are_no_arrow(engine, table):
    columns = engine.run(f"DESCRIBE TABLE {table} FORMAT JSONCompact").encode()

    def answer(asked):
        return Answer(columns if asked.body.startswith(b"DESCRIBE") else b"<html>hello</html>")

    with answering(answer) as url:
        source = engine.source(url=url, table=table)
        with pytest.raises(StackFault, match="something else than Arrow: <html>hello"):
            list(source.fetch(wanted()))


def test_it_waits_for_async_inserts_and_shows_no_traces(engine):
    source = engine.source()
    assert source.lag == seconds(5)
    assert engine.source(lag="1m").lag == seconds(60)
    assert source.trace_url(TRACE_IDS[0].hex()) is None
    assert source.truncated() == set()
