"""This host's clock: whether the kernel knows it to be set by a better one.

Source: adjtimex(2). With no mode set it only reads, which needs no privilege.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from typing import Final

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding

_TIME_ERROR: Final = 5
_STA_UNSYNC: Final = 0x40


class _Timex(ctypes.Structure):
    """The beginning of ``struct timex``, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def clock(case: Case) -> Iterator[Finding]:
    """Whether it is synchronised; where all runs on one host, that does not matter."""
    synchronised = _synchronised()
    if synchronised:
        yield Finding(topic="clock", status="ok", seen="synchronised, by the kernel's word")
        return
    seen = "the kernel does not tell whether it is synchronised"
    if synchronised is False:
        seen = "not synchronised, by the kernel's word"
    if not case.other_hosts:
        seen += "; all runs on this host, by one clock"
        yield Finding(topic="clock", status="not needed", seen=seen)
        return
    advice = "let NTP set it: chronyd, or systemctl enable --now systemd-timesyncd; in a container, on its host"
    yield Finding(topic="clock", status="warning", seen=seen, advice=advice)


def _synchronised() -> bool | None:
    if not sys.platform.startswith("linux"):
        return None
    timex = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if state < 0:  # forbidden, as some sandboxes do
        return None
    return state != _TIME_ERROR and not timex.status & _STA_UNSYNC
