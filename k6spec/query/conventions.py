"""The same attribute under its old and its new name.

Source: OpenTelemetry semantic conventions 1.44, their deprecated registries. Only renamings whose values
stayed the same stand here.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = (
    ("http.request.method", "http.method"),
    ("http.response.status_code", "http.status_code"),
    ("url.full", "http.url"),
    ("url.scheme", "http.scheme"),
    ("user_agent.original", "http.user_agent"),
    ("db.query.text", "db.statement"),
    ("db.system.name", "db.system"),
    ("db.operation.name", "db.operation"),
    ("db.namespace", "db.name"),
    ("db.collection.name", "db.sql.table"),
    ("rpc.system.name", "rpc.system"),
    ("messaging.destination.name", "messaging.destination"),
    ("messaging.operation.type", "messaging.operation"),
    ("network.protocol.version", "http.flavor"),
    ("deployment.environment.name", "deployment.environment"),
)
_SPELLINGS: Final = {name: pair for pair in _NAMES for name in pair}


def read(map_column: str, key: str) -> str:
    """SQL for the attribute's text, under the name given, else under its other one; null without either."""
    names = sorted(_SPELLINGS.get(key, (key,)), key=lambda name: name != key)
    texts = [f"{map_column}['{_quoted(name)}']" for name in names]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def spellings(key: str) -> tuple[str, ...]:
    """The attribute's names, old and new."""
    return _SPELLINGS.get(key, (key,))


def _quoted(name: str) -> str:
    return name.replace("'", "''")
