"""Attributes by whole columns, each different one decoded once: spans repeat their keys, and most of their values.

AnyValue is recursive, which Arrow is not: the descriptor that ptars gets declares its array and kvlist as bytes.
They are the few values that Python reads one by one, along with doubles and bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import ptars
import pyarrow as pa
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from opentelemetry.proto.common.v1.common_pb2 import ArrayValue, KeyValueList

from k6spec.collect.anyvalue import TYPE_NAMES, array_text, bytes_text, double_text, kvlist_text
from k6spec.collect.arrow import Array, Integers, Mask, map_of, mask_of, pc, pick
from k6spec.collect.descriptors import KEY_VALUE, variant
from k6spec.collect.lists import kept_offsets, offsets_of

_UNUSED: Final = "key_strindex"
_BITS: Final = 40
"""Codes that are looked at together: no message is large enough for as many of one as would wrap 64 bits."""
_PASSES: Final = 12


def maps_of(lists: Array) -> tuple[Array, Array]:
    """Lists of serialised KeyValues as a map of texts and a map of types, both as in ``CODED``.

    Raises:
        ValueError: the plain way has to be gone.
    """
    raw, offsets = lists.flatten(), offsets_of(lists)
    encoded = raw.cast(pa.binary()).dictionary_encode()
    different = _handler().array_to_record_batch(encoded.dictionary)
    keys = different.column("key").dictionary_encode()
    texts, types = _texts(different.column("value"))
    texts = texts.dictionary_encode()
    codes = encoded.indices.to_numpy()
    first = _first_of_key(keys.indices.to_numpy().astype(np.int64)[codes], offsets)
    if first is not None:
        codes, offsets = codes[first], kept_offsets(first, offsets)
    rows = pa.array(codes)
    items = texts.take(rows)
    if first is not None:
        # What was left out may be a secret, and nobody would look for it where no number leads to it.
        items = items.dictionary_decode().dictionary_encode()
    typed = (types >= 0)[codes]
    typed_rows = pa.array(codes[typed])
    names = pick(TYPE_NAMES, types).dictionary_encode()
    return (
        map_of(offsets, keys.take(rows), items),
        map_of(kept_offsets(typed, offsets), keys.take(typed_rows), names.take(typed_rows)),
    )


@cache
def _handler() -> Any:
    def change(message: str, field: FieldDescriptorProto) -> bool:
        if message == "AnyValue" and field.name in ("array_value", "kvlist_value"):
            field.type = FieldDescriptorProto.TYPE_BYTES
            field.label = FieldDescriptorProto.LABEL_REPEATED
            field.ClearField("type_name")
            field.ClearField("oneof_index")
        return field.name != _UNUSED

    descriptor = variant(change).FindMessageTypeByName(KEY_VALUE)
    return ptars.HandlerPool([descriptor.file]).get_for_message(descriptor)


def _texts(values: Array) -> tuple[Array, np.ndarray[Any, np.dtype[np.int8]]]:
    """The values' texts, and indexes into TYPE_NAMES (-1: a string, or set to nothing)."""
    types = np.full(len(values), -1, np.int8)
    columns = {field.name: _once(pc.struct_field(values, field.name)) for field in values.type}
    texts = [columns["string_value"]]
    for number, name in enumerate(TYPE_NAMES):
        column = columns[f"{name}_value"]
        if column.null_count == len(column):
            continue
        types[mask_of(column.is_valid())] = number
        texts.append(_text_of(name, column))
    merged = pc.coalesce(*texts)
    seen = sum(len(column) - column.null_count for column in columns.values())
    if seen != len(values) - merged.null_count:
        # Protobuf says that the last on the wire counts; ptars keeps them all and not their order.
        raise ValueError("an attribute has values of several types")
    return merged, types


def _once(column: Array) -> Array:
    """Messages that come several times are one on the wire, all of their bytes."""
    if not pa.types.is_list(column.type):
        return column
    if not len(column.flatten()):
        return pa.nulls(len(column), pa.binary())
    parts = column.cast(pa.list_(pa.binary()))
    given = pc.greater(pc.list_value_length(parts), 0)
    return pc.if_else(pc.fill_null(given, False), pc.binary_join(parts, b""), None)


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


def _first_of_key(codes: Integers, offsets: Integers) -> Mask | None:
    """Which attributes are their list's first with that key's code; None where none comes twice in a list."""
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
        inside = (shift >= 0) & (shift < _BITS)
        bits = np.left_shift(inside, shift, where=inside, out=np.zeros_like(codes))
        if (np.add.reduceat(bits, starts) != np.bitwise_or.reduceat(bits, starts)).any():
            return False
    return True
