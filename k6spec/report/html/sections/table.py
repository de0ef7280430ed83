"""A table whose columns of numbers stand right-aligned, sort, and tell assistive technology what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's head; ``number``: right-aligned, largest first when sorted; ``note``: what it means."""

    head: str
    number: bool = False
    note: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """HTML of a cell, what it is sorted by, and a class."""

    html: str
    by: float | str | None = None
    style: str = ""


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, label: str, key: str = "") -> str:
    """The HTML; with ``key``, the id of the table, it can be sorted and filtered.

    The first cell of each row is its head.
    """
    heads = "".join(
        f'<th scope="col"{_attribute("class", "number" if column.number else "")}'
        f"{_attribute('title', column.note)}>{escape(column.head)}</th>"
        for column in columns
    )
    body = "\n".join(f"<tr>{''.join(_cells(columns, row))}</tr>" for row in rows)
    attributes = f' id="{escape(key)}" data-sortable' if key else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">'
        f'<table class="data"{attributes}>'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _cells(columns: Sequence[Column], row: Sequence[Cell]) -> Iterable[str]:
    for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
        style = " ".join(word for word in ("number" if column.number else "", cell.style) if word)
        by = "" if cell.by is None else f' data-by="{escape(str(cell.by))}"'
        tag = 'th scope="row"' if place == 0 else "td"
        yield f"<{tag}{_attribute('class', style)}{by}>{cell.html}</{tag.split()[0]}>"


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"' if value else ""
