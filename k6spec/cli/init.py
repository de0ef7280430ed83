"""``k6spec init``: a spec, a script and CI files that run at once."""

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
    "github": {
        ".github/workflows/performance.yml": "github-pull-request.yml",
        ".github/workflows/performance-nightly.yml": "github-nightly.yml",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
    "none": {},
}
"""The very files of docs/ci, by symbolic links."""

_REQUIREMENTS: Final = "requirements.txt"


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
    if ci not in _CI:
        raise UsageError(f"--ci {ci}: write {', '.join(_CI)}")
    if base_url and (urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).hostname):
        raise UsageError(f"--base-url {base_url}: write an address, as in http://127.0.0.1:8000")
    if not path.startswith("/") or any(sign in path for sign in "\"'\\`\n"):
        raise UsageError(f"--path {path}: write a path that begins with /, without quotes")
    wanted = {**_ALWAYS, **({} if base_url else _SAMPLE), **_CI[ci]}
    if _CI[ci]:
        wanted[_REQUIREMENTS] = "requirements.txt"
    there = [name for name in wanted if (folder / name).exists()]
    if _SPEC in there:
        raise UsageError(f"{folder / _SPEC} is there already: this project has been begun")
    written = _write(folder, {name: file for name, file in wanted.items() if name not in there}, path)
    settings = _settings(folder, base_url, with_environments=bool(_CI[ci]))
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


def _settings(folder: Path, base_url: str, *, with_environments: bool) -> str | None:
    """Puts settings into pyproject.toml if that has none of ours yet; says what was done, or is to be done."""
    parts = [f'[tool.k6spec]\nbase_url = "{base_url}"\n'] if base_url else []
    if with_environments:
        parts.append((files("k6spec.cli") / "starter/pyproject.toml.txt").read_text(encoding="utf-8"))
    if not parts:
        return None
    file = folder / "pyproject.toml"
    section = "\n".join(parts)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if "[tool.k6spec" in text:
        return f"pyproject.toml has settings of k6spec already; see that these are among them:\n{section}"
    try:
        file.write_text(f"{text.rstrip()}\n\n{section}".lstrip(), encoding="utf-8")
    except OSError as error:
        raise ArchiveFault(f"{file} cannot be written: {error.strerror}") from error
    return f"{'added settings to' if text else 'wrote'} {file}"
