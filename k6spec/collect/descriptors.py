"""Variants of OTLP's trace messages: the same bytes on the wire, read by other rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

TRACES_DATA: Final = "opentelemetry.proto.trace.v1.TracesData"
"""Full name of the message that is on the wire also what trace exports carry."""
KEY_VALUE: Final = "opentelemetry.proto.common.v1.KeyValue"
"""Full name of the message that an attribute is."""


def variant(change: Callable[[str, FieldDescriptorProto], bool]) -> DescriptorPool:
    """A pool with OTLP's trace messages, every field of them passed to ``change`` with its message's name.

    ``change`` may alter the field; it is left out where the answer is False.
    """
    pool = DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2):
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _change(message, change)
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _change(message: DescriptorProto, change: Callable[[str, FieldDescriptorProto], bool]) -> None:
    kept = [field for field in message.field if change(message.name, field)]
    del message.field[:]
    message.field.extend(kept)
    for nested in message.nested_type:
        _change(nested, change)
