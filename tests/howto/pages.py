"""The how-to pages: the files that they show, and their commands."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
_FILE = re.compile(r"```\w+\n(?:#|//) ([\w./-]+)\n(.*?)```", re.DOTALL)


def text_of(page: str) -> str:
    """A page, as it is written."""
    return (PAGES / f"{page}.md").read_text("utf-8")


def files_of(page: str) -> dict[str, str]:
    """The files that a page shows whole, by the names in their first lines."""
    return dict(_FILE.findall(text_of(page)))


def commands_of(page: str, program: str) -> list[str]:
    """Its commands of a program, continued lines joined."""
    lines = "\n".join(re.findall(r"```console\n(.*?)```", text_of(page), re.DOTALL)).replace("\\\n", " ")
    return [line for line in lines.splitlines() if line.startswith(f"{program} ")]
