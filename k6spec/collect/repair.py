"""Text that is not UTF-8: senders whose libraries don't check it lose those characters, not their spans."""

from __future__ import annotations

from functools import cache
from typing import Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from k6spec.collect.descriptors import TRACES_DATA, variant

_BINARY: Final = {"trace_id", "span_id", "parent_span_id", "bytes_value"}


def repair(message: bytes) -> bytes | None:
    """The trace export with U+FFFD for whatever is not UTF-8 in it, or None if it is not one at all."""
    try:
        lenient = _lenient_class().FromString(message)
    except DecodeError:
        return None
    _replace(lenient)
    return lenient.SerializeToString()


@cache
def _lenient_class() -> type[Message]:
    def text_as_bytes(_message: str, field: FieldDescriptorProto) -> bool:
        if field.type == FieldDescriptorProto.TYPE_STRING:
            field.type = FieldDescriptorProto.TYPE_BYTES
        return True

    return GetMessageClass(variant(text_as_bytes).FindMessageTypeByName(TRACES_DATA))


def _replace(message: Message) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None:
            for child in [value] if isinstance(value, Message) else value:
                _replace(child)
        elif field.type == FieldDescriptorProto.TYPE_BYTES and field.name not in _BINARY:
            if isinstance(value, bytes):
                setattr(message, field.name, _valid(value))
            else:
                value[:] = [_valid(text) for text in value]


def _valid(text: bytes) -> bytes:
    return text.decode(errors="replace").encode()
