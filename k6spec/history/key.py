"""Which runs may be compared: those of the same load, against the same system, on the same kind of machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def key_parts(info: Mapping[str, Any]) -> dict[str, object]:
    """What must be the same, from ``run.json``.

    The spec's file, not its line; the declaration with all that an environment replaced in it; fixtures that could
    change the system; environment, machine, stack; and the system's host if it is another one (its port, its
    version and limits do not count: they are what changes between runs that are compared).
    """
    environment = info.get("environment") or {}
    host = urlsplit(str(environment.get("base_url") or "")).hostname
    return {
        "spec": str(info.get("spec") or "").rpartition(":")[0],
        "declaration": info.get("fingerprint"),
        "fixtures": list(info.get("fixtures") or ()),
        "environment": environment.get("name"),
        "machine": environment.get("machine"),
        "stack": (info.get("stack") or {}).get("name"),
        "host": None if host in _HERE else host,
    }


def key_of(parts: Mapping[str, object]) -> str:
    """12 hex digits over :func:`key_parts`."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
