"""The spool: raw OTLP protobuf messages in one file, appended by the receiver and read by the feed.

A record is a 4-byte big-endian length and the message: the framing of the OpenTelemetry Collector's file
exporter (``format: proto``), so that both kinds of file are read by the same code. A reader holds a shared lock of
the file; while there is none, as with a stack that is kept for days, it is emptied once it has grown.

Messages carry whatever the system under test put into its spans: the file is readable by its owner only, and is
wiped when its feed closes.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from contextlib import suppress
from errno import ENOSPC
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from pathlib import Path

_LENGTH: Final = struct.Struct(">I")
_READ_AHEAD: Final = 1 << 20
UNREAD_BYTES: Final = 16 << 20
"""The most that is kept for nobody."""
_CHECKS: Final = 16
"""How often it is seen, while that much is written, whether somebody reads it."""


@final
class SpoolWriter:
    """Appends messages; one writer a file, any number of threads.

    Args:
        unread: bytes that are kept for nobody: beyond it (and a sixteenth), messages that no reader waits for are
            thrown away.
    """

    def __init__(self, path: Path, *, unread: int = UNREAD_BYTES) -> None:
        self._unread = unread
        self._unchecked = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()

    def append(self, message: bytes) -> None:
        """Writes one record; whole, or not at all.

        Raises:
            OSError: the disk is full or failed.
        """
        wanted, written = _LENGTH.size + len(message), 0
        with self._lock:
            self._unchecked += wanted
            if self._unchecked > self._unread // _CHECKS:
                self._unchecked = 0
                self._drop_what_nobody_reads()
            try:
                written = os.writev(self._fd, (_LENGTH.pack(len(message)), message))
                if written < wanted:  # a full disk takes part of it first, and would say so at the next write
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
            except OSError:
                os.ftruncate(self._fd, max(0, os.fstat(self._fd).st_size - written))
                raise

    def _drop_what_nobody_reads(self) -> None:
        if os.fstat(self._fd).st_size <= self._unread:
            return
        with suppress(OSError):  # somebody reads it
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                os.ftruncate(self._fd, 0)
            finally:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Releases the file and leaves it where it is."""
        os.close(self._fd)


@final
class SpoolReader:
    """Reads complete records; one that is still being written is not there yet.

    Args:
        offset: where to begin, in bytes; None: behind the last whole record that is there.
    """

    def __init__(self, path: Path, offset: int | None = 0) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._fd, fcntl.LOCK_SH)
        self._offset = offset or 0
        if offset is None:
            self._go_to_end()

    def _go_to_end(self) -> None:
        """By the records' lengths: the file ends within a record while that is being written."""
        end = self.end
        while len(head := os.pread(self._fd, _LENGTH.size, self._offset)) == _LENGTH.size:
            behind = self._offset + _LENGTH.size + _LENGTH.unpack(head)[0]
            if behind > end:
                break
            self._offset = behind

    @property
    def offset(self) -> int:
        """Where the next record begins, in bytes."""
        return self._offset

    @property
    def end(self) -> int:
        """The file's size now, in bytes."""
        return os.fstat(self._fd).st_size

    def read(self, limit: int) -> list[bytes]:
        """The next messages, ``limit`` bytes of them or one larger one; none if no complete one is there."""
        messages: list[bytes] = []
        size = 0
        ahead = b""
        position = 0
        while size < limit:
            if len(ahead) - position < _LENGTH.size:
                ahead, position = os.pread(self._fd, _READ_AHEAD, self._offset), 0
                if len(ahead) < _LENGTH.size:
                    break
            (length,) = _LENGTH.unpack_from(ahead, position)
            if messages and size + length > limit:
                break
            body = position + _LENGTH.size
            message = ahead[body : body + length]
            if len(message) < length:
                message = self._pread_all(length, self._offset + _LENGTH.size)
                if len(message) < length:
                    break
            messages.append(message)
            size += length
            position = body + length
            self._offset += _LENGTH.size + length
        return messages

    def close(self) -> None:
        """Releases the file."""
        os.close(self._fd)

    def _pread_all(self, length: int, offset: int) -> bytes:
        """``length`` bytes, or fewer where the file ends: one pread gives at most 2 GiB, and may give less."""
        parts: list[bytes] = []
        while length and (part := os.pread(self._fd, length, offset)):
            parts.append(part)
            length -= len(part)
            offset += len(part)
        return b"".join(parts)


def wipe(path: Path) -> None:
    """Empties the spool while its writer keeps running: it appends, so it goes on at the new end."""
    os.truncate(path, 0)
