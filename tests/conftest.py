"""For all tests."""

from __future__ import annotations

import signal

# A shell has background jobs ignore Ctrl-C, and so what they start: tests of interrupts would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
