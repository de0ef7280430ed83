"""docs/history.md and docs/cli.md: their commands print what the pages say, and their spec is judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import k6spec as package
from tests.cli.test_compare import FIRST, SECOND, checkout
from tests.history.test_changes import INFO, series
from tests.support.command import k6spec
from tests.support.history import nights
from tests.support.runs import make_run

DOCS = Path(package.__file__).parent.parent / "docs"
SPEC = """
import k6spec
from k6spec import Run, Scenario, constant_vus, flow, ms

checkout = Scenario.http(flow.post("/checkout"), name="checkout")
pytestmark = k6spec.load(checkout, constant_vus(5, "1s"))

def test_db(run: Run) -> None:
    assert run.spans.db().duration.max <= ms(20)
"""


def blocks(page: str, language: str) -> list[str]:
    """The page's blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block with the lines that it prints."""
    for part in block.split("$ ")[1:]:
        command, *lines = part.splitlines()
        yield command, [line.rstrip() for line in lines]


def declared(path: Path, source: str) -> object:
    """The load that a spec declares."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    names: dict[str, object] = {"__name__": path.stem}
    exec(compile(source, str(path), "exec"), names)
    return names["pytestmark"].args[0]  # type: ignore[attr-defined]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A month of nights, and two archived runs, the second judged by pytest."""
    values = series(1)
    values[19:] *= 1.1
    nights(tmp_path / ".k6spec/history", INFO, "requests: p50 duration", values.tolist())
    load = declared(tmp_path / "specs/test_shop.py", SPEC)
    make_run(tmp_path / f".k6spec/runs/{FIRST}", [checkout(5)] * 40, load=load)  # type: ignore[arg-type]
    make_run(tmp_path / f".k6spec/runs/{SECOND}", [checkout(45)] * 40, load=load)  # type: ignore[arg-type]
    assert k6spec("run", "--replay", SECOND, cwd=tmp_path).returncode == 1
    return tmp_path


CONSOLE = [(page, block) for page in ("history.md", "cli.md") for block in blocks(page, "console")]


@pytest.mark.parametrize(("page", "block"), CONSOLE, ids=range(len(CONSOLE)))
def test_commands_print_what_the_page_says(project: Path, page: str, block: str) -> None:
    for command, expected in commands(block):
        if command == "k6spec init":
            (project / "specs/test_shop.py").unlink()
        result = k6spec(*command.split()[1:], cwd=project)

        printed = _plain(result.stdout)
        assert fnmatchcase(printed, _pattern(expected)), (command, result.stdout, result.stderr)


def _plain(text: str) -> str:
    return re.sub(r"[ \t]+", " ", "\n".join(line.rstrip() for line in text.splitlines()))


def _pattern(lines: list[str]) -> str:
    """An ellipsis stands for any text, on a line of its own for any lines."""
    return _plain("\n".join(lines)).replace("[", "[[]").replace("?", "[?]").replace("…", "*")


def test_the_spec_is_judged(tmp_path: Path) -> None:
    (source,) = blocks("history.md", "python")
    load = declared(tmp_path / "specs/test_shop.py", source)
    run = make_run(tmp_path / f".k6spec/runs/{FIRST}", [checkout(5)] * 40, load=load)  # type: ignore[arg-type]
    operations = {
        "": 40,
        "orders server POST /checkout": 40,
        "stock server POST /reserve": 40,
        "stock client SELECT shop": 40,
    }
    store = nights(
        tmp_path / ".k6spec/history",
        run.info(),
        "POST /checkout requests: p95 duration",
        [20e6 * (1 + n / 1000) for n in range(6)],
        operations={"POST /checkout": operations},
    )
    for number, entry in enumerate(store.entries()):
        rate = entry.statistics["POST /checkout requests: p95 duration"]
        fields = {name: getattr(rate, name) for name in rate.__slots__}
        more = {
            "requests: failed share": {"unit": "fraction", "value": 0.0},
            "traces of POST /checkout: mean db calls a trace": {"unit": "count", "value": 1.0},
            "requests: rate": {"unit": "per second", "value": 85.0 + number / 10},
        }
        store.add_statistics(entry.run_id, {text: type(rate)(**{**fields, **new}) for text, new in more.items()})

    result = k6spec("run", "--replay", "last", cwd=tmp_path)

    assert "5 passed" in result.stdout, result.stdout
