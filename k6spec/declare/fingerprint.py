"""What makes two declared loads the same: a fingerprint, and the field in which two differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from k6spec.declare.javascript import MODULES, local_path, opened, specifiers
from k6spec.declare.load import Load
from k6spec.declare.scenario import ScriptScenario


def declaration(load: Load) -> dict[str, object]:
    """The declaration in plain values, with the content of scripts and of all they import or open as hashes."""
    plain = load.describe()
    plain["files"] = {
        part.name: {path.name: _hash(path.read_bytes()) for path in sorted(script_files(part.scenario.path))}
        for part in load.parts
        if isinstance(part.scenario, ScriptScenario)
    }
    return plain


def fingerprint(plain: Mapping[str, object]) -> str:
    """16 hex digits over a :func:`declaration`."""
    return _hash(json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str).encode())


def first_difference(one: object, other: object, path: str = "") -> str | None:
    """Names the first field in which two declarations differ, with both values; None if they are the same."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted(set(one) | set(other)):
            found = first_difference(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
            if found:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            found = first_difference(left, right, f"{path}[{index}]")
            if found:
                return found
        return None
    return None if one == other else f"{path}: {one!r} here, {other!r} there"


def script_files(script: Path) -> set[Path]:
    """A script with every local file that it imports or opens by a literal path, transitively."""
    seen: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        waiting.extend(_mentioned(path, script.parent))
    return seen


def _mentioned(path: Path, main: Path) -> Iterator[Path]:
    """Modules are named from the module itself; what is opened, from there or from the main script's folder."""
    if path.suffix not in MODULES:
        return
    source = path.read_text(encoding="utf-8", errors="replace")
    for token in specifiers(source):
        if found := local_path(token.content, path.parent):
            yield found
    for name in opened(source):
        for folder in {path.parent, main}:
            yield local_path(name, folder) or (folder / name).resolve()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
