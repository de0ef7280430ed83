"""Zstandard as the Collector's file exporter writes it: frames one after another, the last perhaps not whole.

Source: RFC 8878. pyarrow decompresses whole frames, with or without a content size in their header; where a frame
ends only a walk over its blocks can tell, which needs none of their content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""What every frame begins with."""

_PIECE: Final = 4 << 20
_DICTIONARY_ID_SIZES: Final = (0, 1, 2, 4)
_RLE: Final = 1


def decompressed(frames: bytes) -> Iterator[bytes]:
    """The content of whole frames, in pieces of at most 4 MiB.

    Raises:
        ValueError: they are damaged.
    """
    try:
        with pa.CompressedInputStream(pa.BufferReader(frames), "zstd") as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except OSError as error:
        raise ValueError(f"damaged zstd: {error}") from None


def whole_frames(data: bytes) -> int:
    """How many bytes at the beginning of ``data`` are whole frames.

    Raises:
        ValueError: there is something else than a frame.
    """
    end = 0
    while end < len(data) and (next_end := _frame_end(data, end)) is not None:
        end = next_end
    if not end and not MAGIC.startswith(data[: len(MAGIC)]):
        raise ValueError("not a zstd frame")
    return end


def _frame_end(data: bytes, begin: int) -> int | None:
    """Where the frame that begins at ``begin`` ends; None if none does, or its end is not there yet."""
    if not data.startswith(MAGIC, begin) or len(data) < begin + 5:
        return None
    descriptor = data[begin + 4]
    single_segment = descriptor & 0x20
    size_flag = descriptor >> 6
    size_bytes = 1 << size_flag if size_flag or single_segment else 0
    position = begin + 5 + (not single_segment) + _DICTIONARY_ID_SIZES[descriptor & 3] + size_bytes
    last = False
    while not last:
        header = int.from_bytes(data[position : position + 3], "little")
        if len(data) < position + 3:
            return None
        last = bool(header & 1)
        position += 3 + (1 if header >> 1 & 3 == _RLE else header >> 3)
    end = position + (4 if descriptor & 4 else 0)
    return end if end <= len(data) else None
