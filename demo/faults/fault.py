"""What is known of a fault, so that an explanation of it can be checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A switchable fault and the evidence that its true cause leaves in traces.

    `span` is a part of the blamed span's name or statement; `span_postgresql` replaces it on PostgreSQL
    where the two databases show the cause differently. `attribute` is the key and value that only the
    affected requests carry.
    """

    name: str
    cause: str
    service: str
    span: str | None = None
    span_postgresql: str | None = None
    attribute: tuple[str, str] | None = None
