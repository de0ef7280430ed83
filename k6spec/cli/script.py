"""``k6spec script``: the JavaScript that specs are compiled to."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from k6spec.cli.app import app, tell
from k6spec.errors import UsageError

_COLLECTED: Final = (0, 5)  # pytest exit codes: tests, or none
_PLUGIN: Final = "k6spec.pytest_plugin.scripting"


@app.command()
def script(
    specs: Annotated[
        list[str], typer.Argument(metavar="SPEC...", help="Files, folders or node ids, as for pytest.")
    ],
    env: Annotated[str, typer.Option(help="The environment whose settings apply, as for pytest.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write what k6 runs there, and print only where: it can be run by itself.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a load: its tests, and the source of each module.")
    ] = False,
) -> None:
    """Print the JavaScript that the loads of specs are compiled to. pytest collects them; nothing is run.

    Example: k6spec script specs/test_browse_and_buy.py
    """
    with nullcontext(out) if out is not None else tempfile.TemporaryDirectory(prefix="k6spec-script-") as folder:
        target = Path(folder).resolve()
        target.mkdir(parents=True, exist_ok=True)
        loads = _compiled(specs, env, target)
        for number, load in enumerate(loads):
            entry = Path(load["folder"]) / "entry.js"
            if as_json:
                sources = {name: _source(load, name) for name in load["modules"]}
                tell({"nodeids": load["nodeids"], "entry": str(entry) if out else None, "modules": sources})
                continue
            if number:
                print()
            print("\n".join(f"// {nodeid}" for nodeid in load["nodeids"]))
            if out is not None:
                print(f"k6 run -e BASE_URL=http://127.0.0.1:8000 {shlex.quote(str(entry))}")
                continue
            for module in load["modules"]:
                print(f"\n// ---- {module}\n")
                print(_source(load, module), end="")


def _source(load: dict[str, Any], module: str) -> str:
    return (Path(load["folder"]) / module).read_text(encoding="utf-8")


def _compiled(specs: list[str], env: str, folder: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--color=no", "-p", "no:randomly"]
    command += ["-p", _PLUGIN, f"--k6spec-script-out={folder}", *([f"--k6spec-env={env}"] if env else []), *specs]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in _COLLECTED:
        said = "\n".join(part.strip() for part in (result.stdout, result.stderr) if part.strip())
        raise UsageError(f"pytest could not collect {' '.join(specs)}:\n{said}")
    loads: list[dict[str, Any]] = json.loads((folder / "loads.json").read_text(encoding="utf-8"))
    if not loads:
        raise UsageError(
            f"no test in {' '.join(specs)} has a k6spec.load(...); the load of a k6spec_load fixture is made only "
            "when its test runs"
        )
    return loads
