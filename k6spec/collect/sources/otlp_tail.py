"""A file of the Collector's file exporter, read on as it grows: whole messages, whichever way they are framed.

Source: contrib ``exporter/fileexporter`` v0.155. Told from the content, never from the name:

- JSON lines: ``format: json``, a TracesData a line
- records of a 4-byte big-endian length and a message: ``format: proto``, or ``compression: zstd`` with either
  format, which compresses each message by itself
- one of the two within zstd frames: ``compression: zstd`` with the gate ``exporter.file.nativeCompression``

The exporter's buffer reaches the disk in pieces, so a file may end anywhere in a message.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import IO, Final, TypeAlias, final

from k6spec.collect.sources import zstd

Split: TypeAlias = Callable[[bytes], tuple[list[bytes], bytes]]
"""Takes whole messages off a buffer's beginning: gives them, and what is left."""

_PIECE: Final = 4 << 20
_HEAD: Final = 4096
_LENGTH: Final = struct.Struct(">I")
_LONGEST: Final = 1 << 28
_OTLP_JSON: Final = re.compile(rb'\s*\{\s*(?:\}|"resource(?:Spans|Metrics|Logs|Profiles)")')
_FIRST_KEY_WITHIN: Final = 64
_MESSAGES_BEGIN_WITH: Final = b"\x0a{" + zstd.MAGIC[:1]  # field 1 of TracesData, JSON, zstd


@final
class OtlpTail:
    """Where in a file reading goes on. What is kept between two reads is the beginning of a message at most.

    Attributes:
        damaged: how often the framing was lost: what then is left of the file cannot be read.
        foreign: whether the file is none of the Collector's.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._begin()

    def _begin(self) -> None:
        self.foreign = self._lost = False
        self._offset = 0
        self._head = b""
        self._rest = b""
        self._split: Split | None = None

    def read(self, file: IO[bytes]) -> Iterator[list[bytes]]:
        """The messages that have become whole since the last time, as framed, in groups of a few MiB.

        A file that was begun anew (the Collector truncates it when it starts) is read from its beginning.

        Args:
            file: the same as before.
        """
        descriptor = file.fileno()
        if os.pread(descriptor, len(self._head), 0) != self._head:
            self._begin()
        end = os.fstat(descriptor).st_size
        if end < len(zstd.MAGIC):
            return
        self._compressed = os.pread(descriptor, len(zstd.MAGIC), 0) == zstd.MAGIC
        while not (self.foreign or self._lost) and self._offset < end:
            data = self._next(descriptor, end)
            if not data:
                break
            self._offset += len(data)
            self._head = self._head or os.pread(descriptor, min(_HEAD, self._offset), 0)
            try:
                for content in zstd.decompressed(data) if self._compressed else (data,):
                    yield from self._messages(content)
            except ValueError:
                self._give_up()

    def _next(self, descriptor: int, end: int) -> bytes:
        """The next piece of the file; of a compressed one as many whole frames, or a single larger one."""
        size = min(_PIECE, end - self._offset)
        data = os.pread(descriptor, size, self._offset)
        if not self._compressed:
            return data
        try:
            while not (whole := zstd.whole_frames(data)) and self._offset + size < end:
                size = min(2 * size, end - self._offset)
                data = os.pread(descriptor, size, self._offset)
        except ValueError:
            self._give_up()
            return b""
        return data[:whole]

    def _give_up(self) -> None:
        self.damaged += 1
        self._lost = True
        self._rest = b""

    def _messages(self, content: bytes) -> Iterator[list[bytes]]:
        self._rest += content
        try:
            self._split = self._split or _framing(self._rest)
        except ValueError:
            self.foreign = True
            return
        while self._split is not None:
            messages, self._rest = self._split(self._rest)
            if not messages:
                break
            yield messages


def _framing(head: bytes) -> Split | None:
    """How what begins with ``head`` is framed; None if that cannot be told yet.

    Raises:
        ValueError: in no way that the Collector knows.
    """
    if head.lstrip().startswith(b"{"):
        if _OTLP_JSON.match(head):
            return _split_lines
        if len(head) < _FIRST_KEY_WITHIN and b"\n" not in head:
            return None
        raise ValueError("other JSON")
    if len(head) <= _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(head)
    if length > _LONGEST or (length and head[_LENGTH.size] not in _MESSAGES_BEGIN_WITH):
        raise ValueError("neither JSON nor records")
    return _split_records


def _split_lines(buffer: bytes) -> tuple[list[bytes], bytes]:
    whole, newline, rest = buffer.rpartition(b"\n")
    return ([line for line in whole.split(b"\n") if line.strip()], rest) if newline else ([], buffer)


def _split_records(buffer: bytes) -> tuple[list[bytes], bytes]:
    messages: list[bytes] = []
    position = 0
    while position + _LENGTH.size <= len(buffer):
        (length,) = _LENGTH.unpack_from(buffer, position)
        body = position + _LENGTH.size
        if length > _LONGEST and not messages:
            raise ValueError("no message is that long")
        if body + length > len(buffer):
            break
        if length:
            messages.append(buffer[body : body + length])
        position = body + length
    return messages, buffer[position:]
