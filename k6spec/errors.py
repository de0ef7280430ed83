"""The errors k6spec raises.

::

    K6specError
    ├── UsageError              the user's input is wrong, as is a run that is not there: says what to write
    │   ├── DeclarationError    a load, profile or scenario in a spec
    │   └── ConfigError         a setting in pyproject.toml, the environment or an option
    ├── Fault                   the measurement itself failed; never a finding about the system
    │   ├── K6Fault             k6 is missing, too old, crashed or refused the script
    │   ├── StackFault          the trace pipeline did not come up, or died
    │   ├── SutFault            the system under test did not come up, or was never reached
    │   └── ArchiveFault        a run's folder is damaged, not whole or of a newer format
    ├── Inconclusive            there is not enough evidence to pass or to fail a claim
    └── UnjudgedClaim           a claim was written and never judged (a forgotten ``assert``)

    ClaimFailed(AssertionError) one or more claims of ``run.expect`` do not hold
"""

from __future__ import annotations

import platform
from collections.abc import Callable


class K6specError(Exception):
    """Base of every error of k6spec but :class:`ClaimFailed`."""


class UsageError(K6specError):
    """The user's input is wrong. ``advice``: what to write, where the message does not say it already."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(f"{message}\nWhat to do: {advice}" if advice else message)


class DeclarationError(UsageError):
    """A load, profile or scenario cannot be what the user meant.

    ``location`` is ``"file:line"`` of the spec, where it is known.
    """

    def __init__(self, message: str, *, location: str | None = None) -> None:
        super().__init__(message if location is None else f"{location}: {message}")
        self.location = location


class ConfigError(UsageError):
    """A setting in pyproject.toml, the environment or a command line option is wrong."""


class Fault(K6specError):
    """The measurement failed. Says the cause, the tail of the log and what to do."""

    def __init__(self, cause: str, *, log_tail: str = "", advice: str = "") -> None:
        self.cause = cause
        self.log_tail = log_tail.strip("\n")
        self.advice = advice
        super().__init__(cause)

    def redact(self, scrub: Callable[[str], str]) -> None:
        """Passes all its texts through ``scrub``, which takes secrets out."""
        self.cause, self.log_tail, self.advice = scrub(self.cause), scrub(self.log_tail), scrub(self.advice)
        self.args = (self.cause,)

    def __str__(self) -> str:
        parts = [self.cause]
        if self.log_tail:
            parts.append("\n".join(f"  | {line}" for line in self.log_tail.splitlines()))
        if self.advice:
            parts.append(f"What to do: {self.advice}")
        return "\n".join(parts)


class K6Fault(Fault):
    """k6 is missing, too old, crashed, or refused the script."""


class StackFault(Fault):
    """The trace pipeline did not come up, or died."""


class SutFault(Fault):
    """The system under test did not come up, or was never reached."""


class ArchiveFault(Fault):
    """A run's folder is damaged, not whole or of a newer format."""


class Inconclusive(K6specError):
    """There is not enough evidence to pass or to fail a claim. Not an AssertionError."""


class UnjudgedClaim(K6specError):
    """A claim was written and never judged: most often a forgotten ``assert``."""


class ClaimFailed(AssertionError):
    """One or more claims of ``run.expect`` do not hold."""


def check_platform() -> None:
    """Raises a :class:`UsageError` on Windows, before anything there fails for want of a module."""
    if platform.system() == "Windows":
        raise UsageError(
            "k6spec runs on Linux and macOS; on Windows use WSL 2: it reads k6's output through a pipe that k6 on "
            "Windows cannot write to"
        )
