"""What the receiver and whoever starts it agree on."""

from __future__ import annotations

from typing import Final

SPOOL_NAME: Final = "spans.spool"
"""The spool's file name in the receiver's directory."""

COUNTERS_NAME: Final = "counters"
"""The counters' file name in the receiver's directory."""

NO_PORT_EXIT: Final = 3
"""The receiver's exit code where a port could not be had; its last line of standard error says which."""
