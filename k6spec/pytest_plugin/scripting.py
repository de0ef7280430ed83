"""Compiles the loads of collected specs and runs none: what ``k6spec script`` asks pytest for.

A plugin of its own, which that command names with ``-p``; other sessions don't know it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

from k6spec.declare.fingerprint import declaration, fingerprint
from k6spec.declare.load import Load
from k6spec.declare.profile import ScriptsOwn
from k6spec.errors import K6specError
from k6spec.k6.binary import find_k6
from k6spec.k6.own_load import with_own_load
from k6spec.pytest_plugin.state import session_state
from k6spec.pytest_plugin.wanting import declared_load
from k6spec.script.compiler import compile_load

_ANY_KEY: Final = bytes.fromhex("00000001")
_ANY_SYSTEM: Final = "http://127.0.0.1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--k6spec-script-out", metavar="DIR", type=Path, required=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Writes a folder for each distinct load, and ``loads.json``: which tests want it, and its JavaScript."""
    out: Path = session.config.getoption("--k6spec-script-out")
    try:
        written = [
            _write(load, nodeids, out / f"load_{number}", session)
            for number, (load, nodeids) in enumerate(_loads(session))
        ]
    except K6specError as error:
        raise pytest.UsageError(str(error)) from error
    (out / "loads.json").write_text(json.dumps(written), encoding="utf-8")


def _loads(session: pytest.Session) -> list[tuple[Load, list[str]]]:
    """Distinct loads, with the ids of their tests."""
    overrides = session_state(session.config).config.profile
    found: dict[str, tuple[Load, list[str]]] = {}
    for item in session.items:
        declared = declared_load(item)
        if declared is not None:
            load = declared.override(overrides) if overrides else declared
            found.setdefault(fingerprint(declaration(load)), (load, []))[1].append(item.nodeid)
    return list(found.values())


def _write(load: Load, nodeids: list[str], folder: Path, session: pytest.Session) -> dict[str, object]:
    config = session_state(session.config).config
    base_url = config.base_url or _ANY_SYSTEM
    if any(isinstance(part.profile, ScriptsOwn) for part in load.parts):
        load = with_own_load(load, find_k6(config.k6), base_url=base_url, env=os.environ)
    compile_load(load, run_key=_ANY_KEY, base_url=base_url, out=folder)
    flows = sorted(path.name for path in folder.glob("flow_*.js"))
    return {"nodeids": nodeids, "folder": str(folder), "modules": ["entry.js", *flows]}
