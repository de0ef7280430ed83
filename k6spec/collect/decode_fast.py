"""The fast decoder: protobuf to Arrow in Rust (ptars), then flattened by whole columns.

AnyValue is recursive, which Arrow is not: the descriptor that ptars gets declares its array and kvlist as bytes.
They are the few values that Python reads one by one, along with doubles and bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import ptars
import pyarrow as pa
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from opentelemetry.proto.common.v1.common_pb2 import ArrayValue, KeyValueList

from k6spec.collect.anyvalue import TYPE_NAMES, array_text, bytes_text, double_text, kvlist_text
from k6spec.collect.arrow import Array, Integers, Mask, map_of, mask_of, pc, pick
from k6spec.collect.decode_plain import KINDS, MAX_INT64, STATUSES, UNKNOWN_SERVICE
from k6spec.collect.descriptors import TRACES_DATA, variant
from k6spec.collect.maps import AttributeColumn
from k6spec.store.spans import EVENT, LINK, RECEIVED

_UNUSED: Final = {
    "schema_url",
    "entity_refs",
    "key_strindex",
    "string_value_strindex",
    ("InstrumentationScope", "attributes"),
    ("InstrumentationScope", "dropped_attributes_count"),
    ("Resource", "dropped_attributes_count"),
    ("Event", "dropped_attributes_count"),
    ("Link", "dropped_attributes_count"),
    ("Link", "flags"),
}
"""Fields that the span table has no column for."""
_BITS: Final = 40
"""Codes that are looked at together: no message is large enough for as many of one as would wrap 64 bits."""
_PASSES: Final = 12


def decode_fast(messages: Sequence[bytes]) -> tuple[pa.RecordBatch, int]:
    """Rows of :data:`k6spec.store.spans.RECEIVED`, and how many spans had no valid ids.

    Raises:
        ValueError: one of the messages has to go the plain way.
    """
    resources = _flatten(_handler().list_to_record_batch(list(messages)).column(0))
    scopes = pc.struct_field(resources, "scope_spans")
    resource_of_scope = _parents(scopes)
    scopes = _flatten(scopes)
    spans = pc.struct_field(scopes, "spans")
    scope_of = _parents(spans)
    spans = _flatten(spans)

    valid = _valid_ids(spans) & _valid_parent(spans)
    undecodable = len(spans) - int(valid.sum())
    if undecodable:
        spans, scope_of = spans.filter(pa.array(valid)), scope_of[valid]
    resource_of = pa.array(resource_of_scope[scope_of])

    resource, resource_types = _maps(pc.struct_field(resources, ["resource", "attributes"]))
    services = AttributeColumn(resource).text("service.name")
    services = pc.if_else(pc.fill_null(pc.equal(services, ""), True), UNKNOWN_SERVICE, services)
    attributes, attribute_types = _maps(spans.field("attributes"))
    events = _events(spans.field("events"))
    links, invalid_links = _links(spans.field("links"))
    parents = spans.field("parent_span_id")
    columns: dict[str, Array] = {
        "trace_id": spans.field("trace_id").cast(pa.binary(16)),
        "span_id": spans.field("span_id").cast(pa.binary(8)),
        "parent_span_id": pc.if_else(_is_root(parents), None, parents).cast(pa.binary(8)),
        "trace_state": spans.field("trace_state"),
        "flags": spans.field("flags"),
        "service": services.take(resource_of),
        "scope_name": _text(scopes, "scope", "name").take(pa.array(scope_of)),
        "scope_version": _text(scopes, "scope", "version").take(pa.array(scope_of)),
        "name": spans.field("name"),
        "kind": _named(KINDS, spans.field("kind")),
        "start_ns": _clamp(spans.field("start_time_unix_nano")),
        "duration_ns": _durations(spans),
        "status": _named(STATUSES, pc.struct_field(spans, ["status", "code"])),
        "status_message": _text(spans, "status", "message"),
        "attributes": attributes,
        "attribute_types": attribute_types,
        "resource": resource.take(resource_of),
        "resource_types": resource_types.take(resource_of),
        "events": events,
        "links": links,
        "dropped_attributes": spans.field("dropped_attributes_count"),
        "dropped_events": spans.field("dropped_events_count"),
        "dropped_links": _add(spans.field("dropped_links_count"), invalid_links),
    }
    batch = pa.RecordBatch.from_arrays([columns[field.name] for field in RECEIVED], schema=pa.schema(RECEIVED))
    return batch, undecodable


@cache
def _handler() -> Any:
    def change(message: str, field: FieldDescriptorProto) -> bool:
        if message == "AnyValue" and field.name in ("array_value", "kvlist_value"):
            field.type = FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")
        return field.name not in _UNUSED and (message, field.name) not in _UNUSED

    descriptor = variant(change).FindMessageTypeByName(TRACES_DATA)
    return ptars.HandlerPool([descriptor.file]).get_for_message(descriptor)


def _events(lists: Array) -> Array:
    events = _flatten(lists)
    if not len(events):
        return _no_entries(EVENT, len(lists))
    values = [_clamp(events.field("time_unix_nano")), events.field("name"), *_maps(events.field("attributes"))]
    return pa.ListArray.from_arrays(_offsets(lists), pa.StructArray.from_arrays(values, fields=list(EVENT)))


def _links(lists: Array) -> tuple[Array, Integers]:
    """The links with valid ids, and how many have none, a span."""
    links, offsets = _flatten(lists), _offsets(lists).to_numpy()
    if not len(links):
        return _no_entries(LINK, len(lists)), np.zeros(len(lists), np.int64)
    valid = _valid_ids(links)
    invalid = _per_list(~valid, offsets)
    if not valid.all():
        links, offsets = links.filter(pa.array(valid)), _kept_offsets(valid, offsets)
    values = [
        links.field("trace_id").cast(pa.binary(16)),
        links.field("span_id").cast(pa.binary(8)),
        links.field("trace_state"),
        *_maps(links.field("attributes")),
    ]
    struct = pa.StructArray.from_arrays(values, fields=list(LINK))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct), invalid


def _no_entries(kind: pa.DataType, rows: int) -> Array:
    return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1), pa.int32()), pa.array([], kind))


def _maps(lists: Array) -> tuple[Array, Array]:
    """Lists of KeyValue as a map of texts and a map of types."""
    attributes, offsets = _flatten(lists), _offsets(lists).to_numpy()
    if not len(attributes):
        none = map_of(offsets, *[pa.array([], pa.string())] * 2)
        return none, none
    keys = attributes.field("key")
    texts, types = _texts(attributes.field("value"))
    first = _first_of_key(keys, offsets)
    if first is not None:
        mask = pa.array(first)
        keys, texts, types = keys.filter(mask), texts.filter(mask), types[first]
        offsets = _kept_offsets(first, offsets)
    typed = types >= 0
    return (
        map_of(offsets, keys, texts),
        map_of(_kept_offsets(typed, offsets), keys.filter(pa.array(typed)), pick(TYPE_NAMES, types[typed])),
    )


def _texts(values: Array) -> tuple[Array, np.ndarray[Any, np.dtype[np.int8]]]:
    """The values' texts, and indexes into TYPE_NAMES (-1: a string, or set to nothing)."""
    types = np.full(len(values), -1, np.int8)
    strings = pc.struct_field(values, "string_value")
    texts = [strings]
    seen = len(values) - strings.null_count
    for number, name in enumerate(TYPE_NAMES):
        column = pc.struct_field(values, f"{name}_value")
        if column.null_count == len(column):
            continue
        seen += len(column) - column.null_count
        types[mask_of(column.is_valid())] = number
        texts.append(_text_of(name, column))
    merged = pc.coalesce(*texts)
    if seen != len(values) - merged.null_count:
        # Protobuf says that the last on the wire counts; ptars keeps them all and not their order.
        raise ValueError("an attribute has values of several types")
    return merged, types


def _text_of(name: str, column: Array) -> Array:
    if name in ("int", "bool"):
        return column.cast(pa.string())
    # They are few, and even fewer different ones.
    encoded = column.dictionary_encode()
    rendered = pa.array([_RENDER[name](value) for value in encoded.dictionary.to_pylist()], pa.string())
    return rendered.take(encoded.indices)


_RENDER: Final[Mapping[str, Callable[[Any], str]]] = {
    "double": double_text,
    "bytes": bytes_text,
    "array": lambda value: array_text(ArrayValue.FromString(value)),
    "kvlist": lambda value: kvlist_text(KeyValueList.FromString(value)),
}


def _first_of_key(keys: Array, offsets: Integers) -> Mask | None:
    """Which attributes are their list's first of that key; None where no key comes twice in a list."""
    codes = keys.dictionary_encode().indices.to_numpy().astype(np.int64)
    if _all_differ(codes, offsets):
        return None
    lists = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    pairs = lists * (int(codes.max(initial=0)) + 1) + codes
    first = np.zeros(len(pairs), np.bool_)
    first[np.unique(pairs, return_index=True)[1]] = True
    return None if first.all() else first


def _all_differ(codes: Integers, offsets: Integers) -> bool:
    """Whether surely no list has a code twice: with a bit for each code, the sum is the union if all differ."""
    starts = offsets[:-1][np.diff(offsets) > 0]
    most = int(codes.max(initial=0))
    if not len(starts) or most >= _BITS * _PASSES:
        return not len(starts)
    for low in range(0, most + 1, _BITS):
        shift = codes - low
        bits = np.where((shift >= 0) & (shift < _BITS), np.left_shift(1, shift % _BITS), 0)
        if (np.add.reduceat(bits, starts) != np.bitwise_or.reduceat(bits, starts)).any():
            return False
    return True


def _valid_ids(holders: Array) -> Mask:
    trace_ids, span_ids = holders.field("trace_id"), holders.field("span_id")
    valid = pc.and_(
        pc.and_(pc.equal(pc.binary_length(trace_ids), 16), pc.not_equal(trace_ids, bytes(16))),
        pc.and_(pc.equal(pc.binary_length(span_ids), 8), pc.not_equal(span_ids, bytes(8))),
    )
    return mask_of(valid)


def _valid_parent(spans: Array) -> Mask:
    parents = spans.field("parent_span_id")
    return mask_of(pc.or_(_is_root(parents), pc.equal(pc.binary_length(parents), 8)))


def _is_root(parents: Array) -> Array:
    return pc.or_(pc.equal(pc.binary_length(parents), 0), pc.equal(parents, bytes(8)))


def _durations(spans: Array) -> Array:
    start = spans.field("start_time_unix_nano").to_numpy()
    end = spans.field("end_time_unix_nano").to_numpy()
    return pa.array(np.minimum(np.where(end > start, end - start, 0), MAX_INT64).astype(np.int64))


def _clamp(times: Array) -> Array:
    return pa.array(np.minimum(times.to_numpy(), MAX_INT64).astype(np.int64))


def _add(counts: Array, more: Integers) -> Array:
    return pa.array(np.minimum(counts.to_numpy().astype(np.int64) + more, 2**32 - 1).astype(np.uint32))


def _named(names: Sequence[str], numbers: Array) -> Array:
    index = pc.fill_null(numbers, 0).to_numpy()
    return pick(names, np.where((index >= 0) & (index < len(names)), index, 0))


def _text(structs: Array, *path: str) -> Array:
    return pc.fill_null(pc.struct_field(structs, list(path)), "")


def _flatten(lists: Array) -> Array:
    return lists.flatten()


def _offsets(lists: Array) -> Array:
    """Offsets into the flattened lists; an absent list is an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())


def _parents(lists: Array) -> Integers:
    return np.repeat(np.arange(len(lists)), np.diff(_offsets(lists).to_numpy()))


def _kept_offsets(kept: Mask, offsets: Integers) -> Integers:
    return np.concatenate(([0], np.cumsum(kept)))[offsets]


def _per_list(flags: Mask, offsets: Integers) -> Integers:
    return np.diff(_kept_offsets(flags, offsets))
