"""The normalised columns: what old and new semantic conventions say in other words, said once.

Source: OpenTelemetry semantic conventions 1.44, their deprecated registries and migration guides. Attributes stay
as received beside these columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa

from k6spec.collect.arrow import Array, Mask, mask_of, pc, pick
from k6spec.collect.maps import AttributeColumn
from k6spec.store.spans import NORMALISED

_DB_SYSTEM: Final = ("db.system.name", "db.system")
_DB_STATEMENT: Final = ("db.query.text", "db.statement")
_DB_OPERATION: Final = ("db.operation.name", "db.operation")
_RPC_SYSTEM: Final = ("rpc.system.name", "rpc.system")

_DB_SYSTEM_NAMES: Final = {
    "mssql": "microsoft.sql_server",
    "oracle": "oracle.db",
    "dynamodb": "aws.dynamodb",
    "cosmosdb": "azure.cosmosdb",
    "db2": "ibm.db2",
    "spanner": "gcp.spanner",
    "redshift": "aws.redshift",
    "h2": "h2database",
}
_CACHES: Final = ("redis", "memcached")

# White space, brackets and comments may come before the word that names what a statement does.
_FIRST_WORD: Final = r"^(?:\s|\(|--[^\n]*\n|/\*(?s:.*?)\*/)*(?P<word>[A-Za-z]+)"


def normalise(received: pa.RecordBatch) -> pa.RecordBatch:
    """The batch of :data:`k6spec.store.spans.RECEIVED` columns with the ``NORMALISED`` ones.

    A database span is a CLIENT or INTERNAL one with a system, statement or operation; one that has only a system
    (SQLAlchemy's ``connect``) is of category ``db`` too and has neither statement nor operation.
    """
    attributes = AttributeColumn(received.column("attributes"))
    kind = received.column("kind").dictionary_encode()
    columns = {
        "db_system": _renamed(attributes.text(*_DB_SYSTEM), _DB_SYSTEM_NAMES),
        "db_statement": attributes.text(*_DB_STATEMENT),
        "db_namespace": attributes.text("db.namespace", "db.name", "db.redis.database_index"),
        "db_collection": attributes.text(
            "db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table"
        ),
        "http_method": attributes.text("http.request.method", "http.method"),
        "http_route": attributes.text("http.route"),
        "http_status": _int32(attributes.text("http.response.status_code", "http.status_code")),
        "url": attributes.text("url.full", "http.url"),
        "server_address": pc.if_else(
            # What net.peer is depends on the side that speaks.
            pa.array(_is_of(kind, "server", "consumer")),
            attributes.text("server.address", "net.host.name"),
            attributes.text("server.address", "net.peer.name"),
        ),
        "rpc_system": attributes.text(*_RPC_SYSTEM),
        "rpc_method": _rpc_method(attributes),
        "messaging_system": attributes.text("messaging.system"),
        "messaging_operation": attributes.text(
            "messaging.operation.type", "messaging.operation", "messaging.operation.name"
        ),
        "messaging_destination": attributes.text("messaging.destination.name", "messaging.destination"),
    }
    columns["db_operation"] = pc.coalesce(
        # SQLAlchemy's instrumentation writes the database's name behind the operation.
        _first_word(attributes.text(*_DB_OPERATION)),
        _first_word(columns["db_statement"]),
    )
    columns["category"] = _category(attributes, kind, columns["db_system"])
    return pa.RecordBatch.from_arrays(
        [*received.columns, *(columns[field.name] for field in NORMALISED)],
        schema=pa.schema([*received.schema, *NORMALISED]),
    )


def _category(attributes: AttributeColumn, kind: Array, db_system: Array) -> Array:
    """One category a span, the most telling first: AWS's DynamoDB client is rpc, http_client and db at once."""
    db = attributes.has(*_DB_SYSTEM, *_DB_STATEMENT, *_DB_OPERATION) & _is_of(kind, "client", "internal")
    cache = mask_of(pc.is_in(db_system, pa.array(_CACHES)))
    any_messaging = attributes.has(*(key for key in attributes.keys if key.startswith("messaging.")))
    http = attributes.has("http.request.method", "http.method")
    rules = {
        "cache": db & cache,
        "db": db,
        "messaging": attributes.has("messaging.system") | (any_messaging & _is_of(kind, "producer", "consumer")),
        "rpc": attributes.has(*_RPC_SYSTEM),
        "http_server": http & _is_of(kind, "server"),
        "http_client": http & _is_of(kind, "client"),
    }
    index = np.select(list(rules.values()), list(range(len(rules))), default=-1)
    return pick(list(rules), index)


def _is_of(kind: Array, *names: str) -> Mask:
    """Whether a dictionary's texts are among ``names``."""
    known = pc.is_in(kind.dictionary, pa.array(names, pa.string()))
    return mask_of(pc.fill_null(known.take(kind.indices), False))


def _of_distinct(texts: Array, change: Callable[[Array], Array]) -> Array:
    """``change`` of each distinct text, for each row."""
    if texts.null_count == len(texts):
        return change(texts.slice(0, 0)).take(pa.nulls(len(texts), pa.int32()))
    encoded = texts.dictionary_encode()
    return change(encoded.dictionary).take(encoded.indices)


def _renamed(texts: Array, names: dict[str, str]) -> Array:
    return _of_distinct(
        texts, lambda few: pa.array([names.get(text, text) for text in few.to_pylist()], pa.string())
    )


def _first_word(statements: Array) -> Array:
    return _of_distinct(
        statements, lambda few: pc.utf8_upper(pc.struct_field(pc.extract_regex(few, _FIRST_WORD), "word"))
    )


def _rpc_method(attributes: AttributeColumn) -> Array:
    """``package.Service/Method``, which old conventions gave in two attributes."""
    method, service = attributes.text("rpc.method"), attributes.text("rpc.service")
    if method.null_count == len(method):
        return method
    joined = pc.binary_join_element_wise(service, method, "/")
    whole = pc.fill_null(pc.match_substring(method, "/"), True)
    return pc.if_else(whole, method, pc.coalesce(joined, method))


def _int32(texts: Array) -> Array:
    return _of_distinct(
        texts,
        lambda few: pc.if_else(pc.match_substring_regex(few, r"^\d{1,9}$"), few, None).cast(pa.int32()),
    )
