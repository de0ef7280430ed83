"""What the receiver and whoever starts it agree on."""

from __future__ import annotations

from typing import Final

SPOOL_NAME: Final = "spans.spool"
"""The spool's file name in the receiver's directory."""

COUNTERS_NAME: Final = "counters"
"""The counters' file name in the receiver's directory."""

LOCK_NAME: Final = "receiver.lock"
"""A file in the receiver's directory that it holds a lock of while it lives."""

SPOOL_PREFIX: Final = "k6spec-spool-"
"""What the names of spools' directories begin with."""

NO_PORT_EXIT: Final = 3
"""The receiver's exit code where a port could not be had; its last line of standard error says which."""

MAX_MESSAGE_BYTES: Final = 64 << 20
"""Largest export that is taken, uncompressed: what the OTLP specification advises."""
