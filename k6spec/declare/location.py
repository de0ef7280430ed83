"""Where in the user's spec a declaration stands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, NoReturn

from k6spec.errors import DeclarationError, UsageError
from k6spec.units import Duration, parse_duration

_PACKAGE: Final = str(Path(__file__).resolve().parent.parent)


def caller_location() -> str | None:
    """``"file:line"`` of the nearest caller outside k6spec."""
    frame = sys._getframe(1)
    while frame is not None and str(Path(frame.f_code.co_filename).resolve()).startswith(_PACKAGE):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return f"{shown_path(Path(frame.f_code.co_filename).resolve(), Path.cwd())}:{frame.f_lineno}"


def caller_folder() -> Path:
    """The folder of the nearest caller's file outside k6spec."""
    location = caller_location()
    return Path(location.rpartition(":")[0]).resolve().parent if location else Path.cwd()


def reject(message: str) -> NoReturn:
    """Raises the :class:`DeclarationError` for what the caller outside k6spec wrote."""
    raise DeclarationError(message, location=caller_location())


def duration_of(field: str, value: str | Duration) -> Duration:
    """A declared duration: k6's text (``"30s"``) or a :class:`Duration`."""
    if isinstance(value, Duration):
        return value
    if not isinstance(value, str):
        reject(f'{field}={value!r}: write a duration with its unit, as in {field}="30s"')
    try:
        return parse_duration(value)
    except UsageError as error:
        reject(f"{field}={error}")


def whole_number(field: str, value: int, *, least: int = 1) -> int:
    """A declared whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int):
        reject(f"{field}={value!r}: write a whole number, as in {field}={max(least, 10)}")
    if value < least:
        reject(f"{field}={value}: must be at least {least}")
    return value


def shown_path(path: Path, root: Path) -> str:
    """A path as people read it: relative to ``root`` where it lies below, else whole."""
    try:
        return str(path.relative_to(root))
    except ValueError:
        return str(path)
