"""Credentials of requests: secrets and extracted values, never a password written into a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from k6spec.declare.flow.template import Text, placeholders, text_of
from k6spec.declare.location import reject

_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "x-api-key"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """HTTP's basic authentication."""

    user: str
    password: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A bearer token (RFC 6750)."""

    token: str


Auth = Basic | Bearer
"""How a request shows who it comes from."""


def basic(user: Text, password: Text) -> Basic:
    """Basic authentication, as in ``flow.basic("ci", secret("PASSWORD"))``."""
    return Basic(user=text_of("basic user", user), password=_kept_out("basic(password=…)", password))


def bearer(token: Text) -> Bearer:
    """A bearer token, as in ``flow.bearer(secret("TOKEN"))``, or ``flow.bearer("{token}")`` after a login."""
    return Bearer(token=_kept_out("bearer(…)", token))


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises a DeclarationError for a credential that is written into the spec."""
    for name, value in headers.items():
        if name.lower() in _CREDENTIALS:
            _kept_out(f"the header {name}", value)


def _kept_out(what: str, value: Text) -> str:
    text = text_of(what, value)
    if not placeholders(text):
        reject(
            f'{what}: a credential written here would be archived; write secret("NAME") and set the environment '
            'variable, or a placeholder for what a login gave or a data file holds, as in "{token}"'
        )
    return text
