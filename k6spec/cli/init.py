"""``k6spec init``: a spec, a script and CI files that run at once."""

from __future__ import annotations

import os
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from k6spec.cli.app import app, out, tell
from k6spec.config import load_config
from k6spec.errors import ArchiveFault, K6Fault, UsageError
from k6spec.k6.binary import find_k6

_SPEC: Final = "specs/test_smoke.py"
_ALWAYS: Final = {_SPEC: "test_smoke.py.txt", "specs/load/smoke.js": "smoke.js.txt"}
_CONFTEST: Final = "specs/conftest.py"
_SAMPLE: Final = {_CONFTEST: "conftest.py.txt", "specs/sample_app.py": "sample_app.py.txt"}
_PULL_REQUESTS: Final = ".github/workflows/performance.yml"
_CI: Final = {
    "github": {
        _PULL_REQUESTS: "github-pull-request.yml",
        ".github/workflows/performance-nightly.yml": "github-nightly.yml",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
    "none": {},
}
"""The very files of docs/ci, by symbolic links."""

_REQUIREMENTS: Final = "requirements.txt"
_PROJECT: Final = "pyproject.toml"
_QUOTING: Final = re.compile(r"[\"'\\`\n]|\$\{")
"""What would end a text of TOML, Python or JavaScript, or begin something else in it."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project.", metavar="[FOLDER]")] = Path(),
    base_url: Annotated[
        str, typer.Option("--base-url", help="Where your system answers; without it a tiny sample app is started.")
    ] = "",
    path: Annotated[str, typer.Option("--path", help="What the first spec requests there.")] = "/",
    ci: Annotated[str, typer.Option("--ci", help="github, gitlab or none.", metavar="NAME")] = "github",
    as_json: Annotated[bool, typer.Option("--json", help="The files as one JSON object.")] = False,
) -> None:
    """Write a first spec, a k6 script and CI files into a project. Nothing that is there is changed.

    Then: pytest specs/

    Example: k6spec init --base-url http://127.0.0.1:8000 --path /products
    """
    from k6spec.collect.access import is_http_address

    if ci not in _CI:
        raise UsageError(f"--ci {ci}: write {', '.join(_CI)}")
    if base_url and (not is_http_address(base_url) or _QUOTING.search(base_url)):
        raise UsageError(f"--base-url {base_url}: write an address, as in http://127.0.0.1:8000")
    if not path.startswith("/") or _QUOTING.search(path):
        raise UsageError(f"--path {path}: write a path that begins with /, without quotes and ${{")
    wanted = {**_ALWAYS, **({} if base_url else _SAMPLE), **_CI[ci]}
    if _CI[ci]:
        wanted[_REQUIREMENTS] = "requirements.txt"
    there = [name for name in wanted if (folder / name).exists()]
    if _SPEC in there:
        raise UsageError(f"{folder / _SPEC} is there already: this project has been begun")
    project = _project(folder / _PROJECT)
    written = _write(folder, {name: file for name, file in wanted.items() if name not in there}, path)
    settings = _settings(folder / _PROJECT, project, base_url, with_environments=bool(_CI[ci]))
    if as_json:
        tell({"written": written, "left": there, "pyproject": settings})
        return
    for name in written:
        out.print(f"wrote {escape(name)}", soft_wrap=True)
    for name in there:
        hint = "; pipelines need k6spec[k6] in it" if name == _REQUIREMENTS else ""
        out.print(escape(f"left {name} as it is{hint}"), soft_wrap=True)
    if settings is not None:
        out.print(escape(settings), soft_wrap=True)
    if _PULL_REQUESTS in written and _CONFTEST not in written:
        out.print(
            f"{_PULL_REQUESTS} loads two versions in turns: say in {_CONFTEST} how the base is started, by the "
            "fixture k6spec_sut_base, or take K6SPEC_AB out",
            soft_wrap=True,
        )
    lacking = _lacking(folder)
    if lacking:
        out.print(escape(f"first: {lacking}"), soft_wrap=True)
    out.print("next: pytest specs/")


def _lacking(folder: Path) -> str | None:
    """What must be done before a load can run here."""
    try:
        find_k6(load_config(folder, os.environ, {}).k6)
    except K6Fault as fault:
        return f"{fault.advice} ({fault.cause})"
    return None


def _write(folder: Path, wanted: dict[str, str], path: str) -> list[str]:
    source = files("k6spec.cli") / "starter"
    try:
        for name, file in wanted.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            text = (source / file).read_text(encoding="utf-8")
            target.write_text(text.replace("__PATH__", path), encoding="utf-8")
    except OSError as error:
        raise ArchiveFault(f"{error.filename} cannot be written: {error.strerror}") from error
    return list(wanted)


def _project(file: Path) -> str:
    """The text of pyproject.toml with the ends of lines that it has; empty where there is none."""
    if not file.is_file():
        return ""
    try:
        text = file.read_bytes().decode()
        tomllib.loads(text)
    except OSError as error:
        raise ArchiveFault(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file}: {error}", advice="correct it first; nothing was written") from error
    return text


def _settings(file: Path, text: str, base_url: str, *, with_environments: bool) -> str | None:
    """Puts settings into pyproject.toml if that has none of ours yet; says what was done, or is to be done."""
    parts = [f'[tool.k6spec]\nbase_url = "{base_url}"\n'] if base_url else []
    if with_environments:
        parts.append((files("k6spec.cli") / "starter/pyproject.toml.txt").read_text(encoding="utf-8"))
    if not parts:
        return None
    section = "\n".join(parts)
    if "k6spec" in tomllib.loads(text).get("tool", {}):
        return f"pyproject.toml has settings of k6spec already; see that these are among them:\n{section}"
    end = "\r\n" if "\r\n" in text else "\n"
    added = f"\n\n{section}".replace("\n", end)
    try:
        file.write_bytes(f"{text.rstrip()}{added}".lstrip().encode())
    except OSError as error:
        raise ArchiveFault(f"{file} cannot be written: {error.strerror}") from error
    return f"{'added settings to' if text else 'wrote'} {file}"
