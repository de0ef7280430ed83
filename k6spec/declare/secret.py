"""Secrets: they reach k6 by its environment only, never by a command line, an archive or a fingerprint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, final

from k6spec.declare.location import reject

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAKEN: Final = re.compile(r"BASE_URL|K6_.*")


@final
@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by name: the environment variable that holds it. The value itself is never read here."""

    name: str

    def __str__(self) -> str:
        """How it stands within a text of a flow, as in ``f"Token {secret('TOKEN')}"``."""
        return f"{{secret:{self.name}}}"


def secret(name: str) -> Secret:
    """The value of the environment variable ``name`` when k6 runs.

    For headers, cookies, bodies and ``auth`` of flows, alone or in an f-string. A k6 script reads such a
    variable as ``__ENV.NAME`` by itself.

    Raises:
        DeclarationError: this can't be a variable's name, or is one that k6 or k6spec sets.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        reject(f'secret({name!r}): give the name of an environment variable, as in secret("TOKEN")')
    if _TAKEN.fullmatch(name):
        reject(f"secret({name!r}): k6spec or k6 itself uses this variable; choose another name")
    return Secret(name)
