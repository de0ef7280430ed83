"""``k6spec init``: a spec, a script and a CI file that run at once."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from rich.markup import escape

from k6spec.cli.app import app, out, tell
from k6spec.errors import ArchiveFault, UsageError

_SPEC: Final = "specs/test_smoke.py"
_ALWAYS: Final = {_SPEC: "test_smoke.py.txt", "specs/load/smoke.js": "smoke.js.txt"}
_SAMPLE: Final = {"specs/conftest.py": "conftest.py.txt", "specs/sample_app.py": "sample_app.py.txt"}
_CI: Final = {
    "github": {".github/workflows/k6spec.yml": "github.yml.txt"},
    "gitlab": {".gitlab-ci.yml": "gitlab.yml.txt"},
    "none": {},
}


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.", metavar="[FOLDER]")] = Path(),
    base_url: Annotated[
        str, typer.Option("--base-url", help="Where your system answers; without it a tiny sample app is started.")
    ] = "",
    path: Annotated[str, typer.Option("--path", help="What the first spec requests there.")] = "/",
    ci: Annotated[str, typer.Option("--ci", help="github, gitlab or none.", metavar="NAME")] = "github",
    as_json: Annotated[bool, typer.Option("--json", help="The files as one JSON object.")] = False,
) -> None:
    """Write a first spec, a k6 script and a CI file into a project. Nothing that is there is changed.

    Then: pytest specs/

    Example: k6spec init --base-url http://127.0.0.1:8000 --path /products
    """
    if ci not in _CI:
        raise UsageError(f"--ci {ci}: write {', '.join(_CI)}")
    if base_url and (urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).hostname):
        raise UsageError(f"--base-url {base_url}: write an address, as in http://127.0.0.1:8000")
    if not path.startswith("/") or any(sign in path for sign in "\"'\\`\n"):
        raise UsageError(f"--path {path}: write a path that begins with /, without quotes")
    wanted = {**_ALWAYS, **({} if base_url else _SAMPLE), **_CI[ci]}
    there = [name for name in wanted if (folder / name).exists()]
    if _SPEC in there:
        raise UsageError(f"{folder / _SPEC} is there already: this project has been begun")
    written = _write(folder, {name: file for name, file in wanted.items() if name not in there}, path)
    settings = _settings(folder, base_url)
    if as_json:
        tell({"written": written, "left": there, "pyproject": settings})
        return
    for name in written:
        out.print(f"wrote {escape(name)}", soft_wrap=True)
    for name in there:
        out.print(f"left {escape(name)} as it is", soft_wrap=True)
    if settings is not None:
        out.print(escape(settings), soft_wrap=True)
    out.print("next: pytest specs/")


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


def _settings(folder: Path, base_url: str) -> str | None:
    """Puts the address into pyproject.toml if that has no settings of ours yet; says what is to be done."""
    if not base_url:
        return None
    file = folder / "pyproject.toml"
    section = f'[tool.k6spec]\nbase_url = "{base_url}"\n'
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if "[tool.k6spec" in text:
        return f'pyproject.toml has settings already: set base_url = "{base_url}" in [tool.k6spec]'
    file.write_text(f"{text.rstrip()}\n\n{section}".lstrip(), encoding="utf-8")
    return f"set base_url in {file}"
