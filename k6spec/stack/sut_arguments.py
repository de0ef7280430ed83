"""What a spec gives a system under test, checked as it is declared: later nobody could say where it stands."""

from __future__ import annotations

from collections.abc import Mapping

from k6spec.errors import UsageError
from k6spec.units import Duration, parse_duration


def checked_path(name: str, path: str | None) -> str | None:
    """A path of the system.

    Raises:
        UsageError: it does not begin with a slash.
    """
    if path is not None and not (isinstance(path, str) and path.startswith("/")):
        raise UsageError(f'{name}={path!r}: write a path of the system, as in {name}="/healthz"')
    return path


def checked_timeout(timeout: str | Duration) -> Duration:
    """How long a system may take to come up.

    Raises:
        UsageError: it is no duration.
    """
    if isinstance(timeout, Duration):
        return timeout
    if not isinstance(timeout, str):
        raise UsageError(f'timeout={timeout!r}: write a duration with its unit, as in timeout="60s"')
    return parse_duration(timeout)


def checked_env(env: Mapping[str, str] | None) -> dict[str, str]:
    """Environment variables.

    Raises:
        UsageError: one is no text, or none that an environment can hold.
    """
    for name, value in (env or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise UsageError(
                f"env={{{name!r}: {value!r}}}: variables are texts; write {{{str(name)!r}: {str(value)!r}}}"
            )
        if not name or "=" in name or "\0" in name + value:
            raise UsageError(f"env: {name!r} cannot be set: a name is not empty and holds no =, and nothing NUL")
    return dict(env or {})
