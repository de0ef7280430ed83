"""The package's face: what it exports, and how light it is to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import k6spec

SOURCE = Path(k6spec.__file__).parent


def test_all_is_sorted_and_complete() -> None:
    assert k6spec.__all__ == sorted(k6spec.__all__)
    assert set(k6spec._HOME) == set(k6spec.__all__)


def test_every_exported_name_exists() -> None:
    for name in k6spec.__all__:
        assert getattr(k6spec, name) is not None


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = "('pytest', 'duckdb', 'pyarrow', 'numpy', 'grpc', 'httpx', 'rich', 'typer')"
    code = f"import sys, k6spec; print([name for name in {heavy} if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_nothing_inside_imports_the_package_root() -> None:
    offenders = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module == "k6spec":
                names.append("k6spec")
            if "k6spec" in names:
                offenders.append(str(path.relative_to(SOURCE)))

    assert offenders == []


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(path): len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")}

    assert {name: lines for name, lines in long.items() if lines > 400} == {}
