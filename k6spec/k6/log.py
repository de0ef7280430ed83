"""Reads ``k6.log``: k6's log lines (logfmt) and its end-of-test summary, mixed."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

_MESSAGE: Final = re.compile(r'\bmsg=("(?:[^"\\]|\\.)*"|\S+)')
_ESCAPE: Final = re.compile(r"\\(.)")
_UNESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}
# Frames of the entry module and the runtime say nothing to the script's author.
_OWN_FRAME: Final = re.compile(r"\n\s+at [^\n]*(?:/entry\.js|/runtime/(?:modules/)?\w+\.js):[^\n]*")
# Where k6 could not send its own metrics: its own line, or its OpenTelemetry SDK's, which k6 logs as information.
# An export that k6's end cuts off is no error: all of it is sent once more.
_NOT_SENT: Final = re.compile(
    r"""msg="(?:can't shutdown OpenTelemetry|Error dispatching sample"""
    r"""|[\d/]+ [\d:]+ (?:failed to upload metrics:(?! context canceled)|OTLP partial success))"""
)
_ERROR: Final = re.compile(r'\berror=("(?:[^"\\]|\\.)*"|\S+)')
# What ended an iteration; that of an async function has no source=stacktrace, and k6 2.x adds a hint.
_OF_ITERATION: Final = re.compile(
    r' executor=\S+(?: hint="[^"]*")? scenario=(?:"[^"]*"|\S+)(?: source=stacktrace)?$'
)
_STOPPED: Final = re.compile(
    r"msg=\"thresholds on metrics '(.*)' were crossed; at least one has abortOnFail enabled"
)
_GO_TIME: Final = re.compile(r"^[\d/]+ [\d:]+ ")
_WHERE_K6_WAS: Final = re.compile(
    r"^(?:could not initialize '[^']*': (?:could not load JS test '[^']*': )?|Uncaught \(in promise\) )"
)
_TAIL_LINES: Final = 20
_LONGEST_LINE: Final = 500
_LARGEST: Final = 20_000_000
_HEAD_KEPT: Final = 2_000_000
_TAIL_KEPT: Final = 2_000_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class K6Log:
    """What a k6 log says.

    Attributes:
        script_errors: iterations that ended with an exception.
        stopped_by: the metrics whose thresholds stopped the load before its time.
        metrics_error: why k6's own metrics were not sent, the last time that they were not; no other error here.
    """

    script_errors: int
    first_script_error: str | None
    first_error: str | None
    last_error: str | None
    metrics_error: str | None
    stopped_by: str | None
    tail: str


def read_log(path: Path) -> K6Log:
    """Reads a whole k6 log, whatever its size."""
    script_errors = 0
    first_script_error = first_error = last_error = metrics_error = stopped_by = None
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    with path.open(encoding="utf-8", errors="replace") as lines:
        for raw in lines:
            line = raw.rstrip("\n")
            if _NOT_SENT.search(line) and not line.endswith("source=console"):
                metrics_error = _why_not_sent(line)
            elif " level=error " in line or line.startswith("level=error "):
                last_error = message_of(line)
                first_error = first_error or last_error
                if found := _STOPPED.search(line):
                    stopped_by = found[1]
                if _OF_ITERATION.search(line):
                    script_errors += 1
                    first_script_error = first_script_error or message_of(line)
            if line.strip():
                tail.append(line)
    return K6Log(
        script_errors=script_errors,
        first_script_error=first_script_error,
        first_error=first_error,
        last_error=last_error,
        metrics_error=metrics_error,
        stopped_by=stopped_by,
        tail="\n".join(_readable(line) for line in tail),
    )


def message_of(line: str) -> str:
    """The message of a log line, unescaped, without k6spec's own files."""
    found = _MESSAGE.search(line)
    if found is None:
        return line
    return _OWN_FRAME.sub("", _WHERE_K6_WAS.sub("", _unquoted(found[1]))).strip()


def shorten(path: Path) -> None:
    """Cuts the middle out of a log that grew beyond 20 MB, as thousands of failing iterations make it."""
    size = path.stat().st_size
    if size <= _LARGEST:
        return
    with path.open("rb") as file:
        head = file.read(_HEAD_KEPT)
        file.seek(size - _TAIL_KEPT)
        tail = file.read()
    cut = size - _HEAD_KEPT - _TAIL_KEPT
    path.write_bytes(head + f"\n... k6spec cut {cut:,} bytes here ...\n".encode() + tail)


def _why_not_sent(line: str) -> str:
    """The error of k6's own line; of the SDK's the message, without Go's time before it."""
    error = _ERROR.search(line)
    return _unquoted(error[1]) if error else _GO_TIME.sub("", message_of(line))


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return _ESCAPE.sub(lambda escape: _UNESCAPED.get(escape[1], escape[1]), text[1:-1])


def _readable(line: str) -> str:
    found = _MESSAGE.search(line)
    if found is None or not line.startswith("time="):
        return line[:_LONGEST_LINE]
    level = re.search(r"\blevel=(\w+)", line)
    error = _ERROR.search(line, found.end())
    why = f": {_unquoted(error[1])}" if error else ""
    return f"{level[1] if level else 'log'}: {message_of(line)}{why}"[:_LONGEST_LINE]
