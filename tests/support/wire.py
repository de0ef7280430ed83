"""Protobuf on the wire, taken apart and put together wrongly: what a fuzzer does to messages that were whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)
Field = tuple[int, int, bytes]
"""Number, wire type, and what follows the tag; of bytes without their length."""


def varint(number: int) -> bytes:
    """A base-128 varint."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def encoded(field: Field) -> bytes:
    """A field as it stands in a message."""
    number, wire, content = field
    return varint(number << 3 | wire) + (varint(len(content)) if wire == BYTES else b"") + content


def fields(message: bytes) -> list[Field]:
    """The fields of a whole message."""
    found, place = [], 0
    while place < len(message):
        tag, place = _varint_at(message, place)
        if tag & 7 == VARINT:
            end = _varint_at(message, place)[1]
        elif tag & 7 == BYTES:
            length, place = _varint_at(message, place)
            end = place + length
        else:
            end = place + {FIXED64: 8, FIXED32: 4}[tag & 7]
        found.append((tag >> 3, tag & 7, message[place:end]))
        place = end
    return found


def nested_kvlist(depth: int) -> bytes:
    """An AnyValue of ``depth`` kvlists one in the other; by hand, as protobuf's classes refuse deep ones."""
    value = b"\x18\x01"  # int_value: 1
    for _ in range(depth):
        entry = encoded((1, BYTES, b"k")) + encoded((2, BYTES, value))
        value = encoded((6, BYTES, encoded((1, BYTES, entry))))
    return value


@st.composite
def mutated(draw: Callable[[Any], Any], messages: st.SearchStrategy[bytes]) -> bytes:
    """A message of a strategy with one to three faults in it, anywhere."""
    message = draw(messages)
    for _ in range(draw(st.integers(1, 3))):
        try:
            message = _mutate(draw, message, TracesData.DESCRIPTOR)
        except (IndexError, KeyError):
            break  # the last fault left nothing that can be taken apart
    return message


def _mutate(draw: Callable[[Any], Any], message: bytes, kind: Descriptor) -> bytes:
    parts = fields(message)
    if not parts:
        return draw(_NOISE)
    place = draw(st.integers(0, len(parts) - 1))
    number, wire, content = parts[place]
    known = kind.fields_by_number.get(number)
    if wire == BYTES and known is not None and known.message_type is not None and draw(st.integers(0, 5)):
        changed = encoded((number, wire, _mutate(draw, content, known.message_type)))
    else:
        changed = draw(_FAULTS)(draw, parts[place])
    before, after = parts[:place], parts[place + 1 :]
    return b"".join([*map(encoded, before), changed, *map(encoded, after)])


def _varint_at(message: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place


_NOISE = st.binary(max_size=12)
_UNKNOWN = st.sampled_from(
    [
        (1000, VARINT, b"\x01"),
        (1000, FIXED64, bytes(8)),
        (1000, BYTES, b"\xff\xfe"),
        (1000, FIXED32, bytes(4)),
        (1000, GROUP, b"\x08\x01" + varint(1000 << 3 | END_GROUP)),
        (1000, GROUP, b""),
        (2**29 - 1, VARINT, b"\x01"),
        (0, VARINT, b"\x01"),
    ]
)
_LENGTHS = st.sampled_from([0, 1, 127, 2**14, 2**31 - 1, 2**31, 2**32, 2**63, 2**64 - 1])
_VARINTS = st.sampled_from([b"\x80" * 9 + b"\x01", b"\xff" * 9 + b"\x7f", b"\xff" * 10 + b"\x01", b"\x80\x00"])


_DEPTHS = st.sampled_from([1, 8, 20, 31, 32, 33, 48, 90, 99, 100, 101, 400])
_FAULTS = st.sampled_from(
    [
        lambda draw, field: b"",
        lambda draw, field: encoded(field) * draw(st.integers(2, 3)),
        lambda draw, field: encoded(field) + encoded(draw(_UNKNOWN)),
        lambda draw, field: encoded(field)[: draw(st.integers(0, len(encoded(field))))],
        lambda draw, field: encoded((field[0], field[1], field[2][: draw(st.integers(0, len(field[2])))])),
        lambda draw, field: encoded((field[0], draw(st.integers(0, 7)), field[2])),
        lambda draw, field: encoded((draw(st.integers(1, 20)), field[1], field[2])),
        lambda draw, field: varint(field[0] << 3 | BYTES) + varint(draw(_LENGTHS)) + field[2],
        lambda draw, field: varint(field[0] << 3 | VARINT) + draw(_VARINTS),
        lambda draw, field: encoded(
            (field[0], BYTES, field[2] + draw(st.sampled_from([b"\xff", b"\xed\xa0\x80"])))
        ),
        lambda draw, field: encoded((field[0], BYTES, draw(_NOISE))),
        lambda draw, field: encoded((9, BYTES, b"\x0a\x01d" + encoded((2, BYTES, nested_kvlist(draw(_DEPTHS)))))),
    ]
)
