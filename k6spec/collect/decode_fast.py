"""The fast decoder: protobuf to Arrow in Rust (ptars), then flattened by whole columns.

Spans repeat their attributes: the descriptor that ptars gets declares each as bytes, and only the different ones
are decoded (:mod:`k6spec.collect.key_values`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import ptars
import pyarrow as pa
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from k6spec.collect.arrow import Array, Integers, Mask, mask_of, pc
from k6spec.collect.decode_plain import KINDS, MAX_INT64, STATUSES, UNKNOWN_SERVICE
from k6spec.collect.descriptors import TRACES_DATA, variant
from k6spec.collect.key_values import maps_of
from k6spec.collect.lists import kept_offsets, offsets_of, parents_of
from k6spec.collect.maps import AttributeColumn
from k6spec.store.spans import CODED, EVENT, LINK, RECEIVED

_UNUSED: Final = {
    "schema_url",
    "entity_refs",
    ("InstrumentationScope", "attributes"),
    ("InstrumentationScope", "dropped_attributes_count"),
    ("Resource", "dropped_attributes_count"),
    ("Event", "dropped_attributes_count"),
    ("Link", "dropped_attributes_count"),
    ("Link", "flags"),
}
"""Fields that the span table has no column for."""
_SCHEMA: Final = pa.schema([CODED.field(field.name) for field in RECEIVED])


def decode_fast(messages: Sequence[bytes]) -> tuple[pa.RecordBatch, int]:
    """Rows of :data:`k6spec.store.spans.CODED` as received, and how many spans had no valid ids.

    Raises:
        ValueError: one of the messages has to go the plain way.
    """
    resources = _flatten(_handler().list_to_record_batch(list(messages)).column(0))
    scopes = pc.struct_field(resources, "scope_spans")
    resource_of_scope = parents_of(scopes)
    scopes = _flatten(scopes)
    spans = pc.struct_field(scopes, "spans")
    scope_of = parents_of(spans)
    spans = _flatten(spans)

    valid = _valid_ids(spans) & _valid_parent(spans)
    undecodable = len(spans) - int(valid.sum())
    if undecodable:
        _read_attributes(spans.filter(pa.array(~valid)))
        spans, scope_of = spans.filter(pa.array(valid)), scope_of[valid]
    resource_of = resource_of_scope[scope_of]

    resource_lists = pc.struct_field(resources, ["resource", "attributes"])
    used = np.bincount(resource_of, minlength=len(resources)) > 0
    if not used.all():
        # Those of no span may hold secrets, and nobody would look for them where no number leads to them.
        maps_of(resource_lists)  # a message with an attribute that cannot be read is none
        resource_lists = resource_lists.filter(pa.array(used))
        resource_of = (np.cumsum(used) - 1)[resource_of]
    resource, resource_types = maps_of(resource_lists)
    services = AttributeColumn(resource).text("service.name")
    services = pc.if_else(pc.fill_null(pc.equal(services, ""), True), UNKNOWN_SERVICE, services)
    attributes, attribute_types = maps_of(spans.field("attributes"))
    events = _events(spans.field("events"))
    links, invalid_links = _links(spans.field("links"))
    parents = spans.field("parent_span_id")
    columns: dict[str, Array] = {
        "trace_id": spans.field("trace_id").cast(pa.binary(16)),
        "span_id": spans.field("span_id").cast(pa.binary(8)),
        "parent_span_id": pc.if_else(_is_root(parents), None, parents).cast(pa.binary(8)),
        "trace_state": spans.field("trace_state"),
        "flags": spans.field("flags"),
        "service": services.dictionary_encode().take(pa.array(resource_of)),
        "scope_name": _text(scopes, "scope", "name").dictionary_encode().take(pa.array(scope_of)),
        "scope_version": _text(scopes, "scope", "version").dictionary_encode().take(pa.array(scope_of)),
        "name": spans.field("name").dictionary_encode(),
        "kind": _named(KINDS, spans.field("kind")),
        "start_ns": _clamp(spans.field("start_time_unix_nano")),
        "duration_ns": _durations(spans),
        "status": _named(STATUSES, pc.struct_field(spans, ["status", "code"])),
        "status_message": _text(spans, "status", "message"),
        "attributes": attributes,
        "attribute_types": attribute_types,
        "resource": resource.take(pa.array(resource_of)),
        "resource_types": resource_types.take(pa.array(resource_of)),
        "events": events,
        "links": links,
        "dropped_attributes": spans.field("dropped_attributes_count"),
        "dropped_events": spans.field("dropped_events_count"),
        "dropped_links": _add(spans.field("dropped_links_count"), invalid_links),
    }
    batch = pa.RecordBatch.from_arrays([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)
    return batch, undecodable


@cache
def _handler() -> Any:
    def change(message: str, field: FieldDescriptorProto) -> bool:
        if field.name == "attributes":
            field.type = FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")
        return field.name not in _UNUSED and (message, field.name) not in _UNUSED

    descriptor = variant(change).FindMessageTypeByName(TRACES_DATA)
    return ptars.HandlerPool([descriptor.file]).get_for_message(descriptor)


def _events(lists: Array) -> Array:
    events = _flatten(lists)
    if not len(events):
        return _no_entries(EVENT, len(lists))
    values = [
        _clamp(events.field("time_unix_nano")),
        events.field("name"),
        *_plain_maps(events.field("attributes")),
    ]
    return pa.ListArray.from_arrays(
        pa.array(offsets_of(lists), pa.int32()), pa.StructArray.from_arrays(values, fields=list(EVENT))
    )


def _links(lists: Array) -> tuple[Array, Integers]:
    """The links with valid ids, and how many have none, a span."""
    links, offsets = _flatten(lists), offsets_of(lists)
    if not len(links):
        return _no_entries(LINK, len(lists)), np.zeros(len(lists), np.int64)
    maps = _plain_maps(links.field("attributes"))
    valid = _valid_ids(links)
    invalid = np.diff(kept_offsets(~valid, offsets))
    if not valid.all():
        mask = pa.array(valid)
        links, maps = links.filter(mask), [each.filter(mask) for each in maps]
        offsets = kept_offsets(valid, offsets)
    values = [
        links.field("trace_id").cast(pa.binary(16)),
        links.field("span_id").cast(pa.binary(8)),
        links.field("trace_state"),
        *maps,
    ]
    struct = pa.StructArray.from_arrays(values, fields=list(LINK))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct), invalid


def _read_attributes(spans: Array) -> None:
    """A message with an attribute that cannot be read is none, whatever else is wrong with the span."""
    maps_of(spans.field("attributes"))
    _events(spans.field("events"))
    _links(spans.field("links"))


def _plain_maps(lists: Array) -> list[Array]:
    return [each.cast(EVENT.field("attributes").type) for each in maps_of(lists)]


def _no_entries(kind: pa.DataType, rows: int) -> Array:
    return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1), pa.int32()), pa.array([], kind))


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
    start, end = (
        np.minimum(spans.field(f"{edge}_time_unix_nano").to_numpy(), MAX_INT64).astype(np.int64)
        for edge in ("start", "end")
    )
    return pa.array(np.maximum(end - start, 0))


def _clamp(times: Array) -> Array:
    return pa.array(np.minimum(times.to_numpy(), MAX_INT64).astype(np.int64))


def _add(counts: Array, more: Integers) -> Array:
    return pa.array(np.minimum(counts.to_numpy().astype(np.int64) + more, 2**32 - 1).astype(np.uint32))


def _named(names: Sequence[str], numbers: Array) -> Array:
    index = pc.fill_null(numbers, 0).to_numpy()
    known = np.where((index >= 0) & (index < len(names)), index, 0)
    return pa.DictionaryArray.from_arrays(known.astype(np.int32), pa.array(names, pa.string()))


def _text(structs: Array, *path: str) -> Array:
    return pc.fill_null(pc.struct_field(structs, list(path)), "")


def _flatten(lists: Array) -> Array:
    return lists.flatten()
