import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.decode import decode
from k6spec.collect.decode_plain import decode_plain
from k6spec.collect.semconv import normalise
from k6spec.store.spans import NORMALISED, SCHEMA

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def message(*spans):
    export = TracesData()
    scope = export.resource_spans.add().scope_spans.add()
    for kind, attributes in spans:
        span = scope.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, kind=KINDS[kind])
        for key, value in attributes.items():
            attribute = span.attributes.add(key=key).value
            if isinstance(value, int):
                attribute.int_value = value
            else:
                attribute.string_value = value
    return export.SerializeToString()


def normalised(kind, **attributes):
    """The columns that are not null; ``__`` stands for a dot in names."""
    names = {name.replace("__", "."): value for name, value in attributes.items()}
    (row,) = decode([message((kind, names))])[0].to_pylist()
    return {field.name: row[field.name] for field in NORMALISED if row[field.name] is not None}


def test_database_by_old_and_new_names():
    old = normalised(
        "client",
        db__system="mssql",
        db__statement="select 1",
        db__name="shop",
        db__sql__table="t",
        net__peer__name="h",
    )
    new = normalised(
        "client",
        db__system__name="microsoft.sql_server",
        db__query__text="select 1",
        db__namespace="shop",
        db__collection__name="t",
        server__address="h",
    )
    assert old == new
    assert new == {
        "category": "db",
        "db_system": "microsoft.sql_server",
        "db_statement": "select 1",
        "db_operation": "SELECT",
        "db_namespace": "shop",
        "db_collection": "t",
        "server_address": "h",
    }


def test_the_new_name_wins_where_both_are_there():
    row = normalised(
        "client", db__system="oracle", db__system__name="postgresql", db__statement="a", db__query__text="b"
    )
    assert (row["db_system"], row["db_statement"]) == ("postgresql", "b")


@pytest.mark.parametrize("attribute", ["db__system", "db__statement", "db__operation__name"])
@pytest.mark.parametrize(
    ("kind", "category"), [("client", "db"), ("internal", "db"), ("server", None), ("producer", None)]
)
def test_a_database_span_is_told_by_any_of_three_and_its_kind(attribute, kind, category):
    assert normalised(kind, **{attribute: "x"}).get("category") == category


def test_a_connect_span_is_db_without_statement_and_operation():
    assert normalised("client", db__system="sqlite") == {"category": "db", "db_system": "sqlite"}


@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("select 1", "SELECT"),
        ("  \n(SELECT 1) UNION (SELECT 2)", "SELECT"),
        ("/* from: cart */ -- why\n insert into t values (?)", "INSERT"),
        ("BEGIN", "BEGIN"),
        ("", None),
        ("{}", None),
    ],
)
def test_the_operation_is_the_statements_first_word(statement, operation):
    assert normalised("client", db__statement=statement).get("db_operation") == operation


def test_a_given_operation_is_kept_in_upper_case():
    row = normalised("client", db__system="mongodb", db__operation="findAndModify", db__statement="{}")
    assert row["db_operation"] == "FINDANDMODIFY"


@pytest.mark.parametrize("system", ["redis", "memcached"])
def test_caches_have_a_category_of_their_own(system):
    assert normalised("client", db__system=system, db__statement="GET k")["category"] == "cache"


@pytest.mark.parametrize(
    ("kind", "category"), [("server", "http_server"), ("client", "http_client"), ("internal", None)]
)
@pytest.mark.parametrize(
    "attributes",
    [
        {"http__method": "GET", "http__status_code": 404, "http__url": "http://h/x"},
        {"http__request__method": "GET", "http__response__status_code": 404, "url__full": "http://h/x"},
    ],
)
def test_http_by_old_and_new_names(attributes, kind, category):
    row = normalised(kind, **attributes, http__route="/x")
    assert row.pop("category", None) == category
    assert row == {"http_method": "GET", "http_status": 404, "url": "http://h/x", "http_route": "/x"}


@pytest.mark.parametrize("status", ["not a number", "99999999999", "", "-1"])
def test_a_status_that_is_no_number_is_null(status):
    assert "http_status" not in normalised("client", http__method="GET", http__status_code=status)


def test_the_servers_address_by_the_side_that_speaks():
    both = {"net__peer__name": "peer", "net__host__name": "me"}
    assert normalised("client", **both)["server_address"] == "peer"
    assert normalised("server", **both)["server_address"] == "me"


def test_rpc_by_old_and_new_names():
    expected = {"category": "rpc", "rpc_system": "grpc", "rpc_method": "shop.Stock/Reserve"}
    assert normalised("client", rpc__system="grpc", rpc__service="shop.Stock", rpc__method="Reserve") == expected
    assert normalised("server", rpc__system__name="grpc", rpc__method="shop.Stock/Reserve") == expected
    assert normalised("server", rpc__method="Reserve") == {"rpc_method": "Reserve"}


def test_messaging_by_its_system_or_by_kind():
    row = normalised(
        "producer",
        messaging__system="kafka",
        messaging__operation="publish",
        messaging__destination__name="orders",
    )
    assert row == {
        "category": "messaging",
        "messaging_system": "kafka",
        "messaging_operation": "publish",
        "messaging_destination": "orders",
    }
    assert normalised("internal", messaging__system="kafka")["category"] == "messaging"
    assert normalised("consumer", messaging__message__id="1")["category"] == "messaging"
    assert "category" not in normalised("internal", messaging__message__id="1")


def test_rows_do_not_mix_and_slices_are_tables_too():
    received, _ = decode_plain(
        [message(("client", {"db.system": "a"}), ("server", {}), ("client", {"x": "y", "db.statement": "DELETE"}))]
    )
    whole = normalise(received)
    assert whole.schema == SCHEMA
    assert whole.column("db_system").to_pylist() == ["a", None, None]
    assert whole.column("db_operation").to_pylist() == [None, None, "DELETE"]
    assert normalise(received.slice(1)).equals(whole.slice(1))
    assert normalise(received.slice(0, 0)).num_rows == 0
