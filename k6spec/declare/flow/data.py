"""Data that a flow draws from: one row in each iteration, for placeholders such as ``{user.name}``."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast, final, get_args

from k6spec.declare.flow.bodies import existing_file
from k6spec.declare.flow.template import Json, json_of
from k6spec.declare.location import reject

Pick = Literal["sequential", "per_vu", "own", "unique", "random"]
"""Which row an iteration draws.

``sequential``: the next, whichever VU it is, and the first again after the last. ``per_vu``: each VU goes through
all rows by itself. ``own``: each VU keeps one row. ``unique``: no row twice in the whole scenario; the load is
aborted when none is left. ``random``: any.
"""

_PICKS: Final = get_args(Pick)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """Rows of a file that stays where it is: k6 reads it, and no archive holds what is in it.

    ``rows``: a JSON file's, ``columns``: a CSV file's.
    """

    path: Path
    pick: Pick
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    rows: tuple[Json, ...] = field(default=(), repr=False)

    def describe(self) -> dict[str, object]:
        """The declaration in plain values; the content as a hash."""
        return {
            "file": self.path.name,
            "sha256": _hash(self.path.read_bytes()),
            "pick": self.pick,
            "delimiter": self.delimiter,
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InlineRows:
    """Rows that the spec gives; they are archived with the compiled script.

    ``pool``: whether they are generated payloads, whose index k6 tags requests with.
    """

    rows: tuple[Json, ...] = field(repr=False)
    pick: Pick
    pool: bool = False

    @property
    def text(self) -> str:
        """The rows as JSON, one a line."""
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in self.rows)
        return f"[\n{lines}\n]\n"

    def describe(self) -> dict[str, object]:
        """The declaration in plain values; the rows as a hash."""
        return {
            "rows": len(self.rows),
            "sha256": _hash(self.text.encode()),
            "pick": self.pick,
            "pool": self.pool,
        }


Data = FileRows | InlineRows
"""What a flow draws from."""


def rows(source: str | Path | Sequence[Json], *, pick: Pick = "sequential", delimiter: str = ",") -> Data:
    """Rows for a flow's ``data``: of a CSV or JSON file, or given here. All VUs share one copy of them.

    Args:
        source: a path ending in ``.csv`` (with a header; all values are texts) or ``.json`` (an array), relative
            to the spec's own folder; or a sequence of dicts, or of plain values. A file's rows are never
            archived, so credentials belong there; given rows are.
        pick: see :data:`Pick`.
        delimiter: of a CSV file.
    """
    chosen = _pick(pick)
    if not isinstance(source, (str, Path)):
        return InlineRows(rows=_filled("rows", source), pick=chosen)
    path = existing_file("rows", source)
    if path.suffix.lower() == ".csv":
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
            reject(f"rows: delimiter={delimiter!r}: give one character")
        return FileRows(path=path, pick=chosen, delimiter=delimiter, columns=_columns(path, delimiter))
    if path.suffix.lower() != ".json":
        reject(f"rows({str(source)!r}): k6spec reads .csv and .json files")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        reject(f"rows: {path.name} is not JSON: {error}")
    return FileRows(path=path, pick=chosen, rows=_filled(f"rows of {path.name}", content))


def checked_pool(values: Sequence[object], pick: Pick) -> InlineRows:
    """Generated payloads as rows."""
    return InlineRows(rows=_filled("payloads", values), pick=_pick(pick), pool=True)


def problem(name: str, data: Data, path: Sequence[str], *, whole: bool) -> str | None:
    """Why ``{name.path}`` can't be filled in from these rows; None if it can.

    ``whole``: it stands for a whole JSON value, so it need not be a text or a number.
    """
    if isinstance(data, FileRows) and data.columns:
        if not path:
            return None if whole else _not_a_text(name, "a row", f"{name}.{data.columns[0]}")
        known = len(path) == 1 and path[0] in data.columns
        return None if known else f"{data.path.name} has the columns {', '.join(data.columns)}"
    for number, row in enumerate(data.rows):
        value: Json = row
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                return f"row {number} of {name} has no {'.'.join(path)!r}{_instead(value)}"
            value = value[key]
        if not whole and not isinstance(value, (str, int, float)):
            shown = "null" if value is None else "an object" if isinstance(value, Mapping) else "a list"
            return _not_a_text(name, f"row {number}", shown)
    return None


def _not_a_text(name: str, where: str, what: str) -> str:
    return f"within a text it must be a text or a number, and {where} of {name} gives {what}"


def _instead(value: Json) -> str:
    if isinstance(value, Mapping) and value:
        return f"; it has {', '.join(map(repr, list(value)[:8]))}"
    return ""


def _pick(pick: str) -> Pick:
    if pick not in _PICKS:
        reject(f"pick={pick!r}: use one of {', '.join(_PICKS)}")
    return cast("Pick", pick)


def _filled(what: str, content: object) -> tuple[Json, ...]:
    if isinstance(content, (str, bytes, Mapping)) or not isinstance(content, Sequence):
        reject(f"{what}: give a list of rows, as in [{{'name': 'ada'}}, …]; got {type(content).__name__}")
    if not content:
        reject(f"{what}: there is none")
    return tuple(json_of(f"{what}: row {number}", row, secrets=False) for number, row in enumerate(content))


def _columns(path: Path, delimiter: str) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _not_blank(csv.reader(file, delimiter=delimiter))
            header, first = next(lines, []), next(lines, None)
    except UnicodeDecodeError as error:
        reject(f"rows: {path.name} is not UTF-8: {error}")
    if not header or first is None:
        reject(f"rows: {path.name} needs a header and a row below it")
    if not all(header) or len(set(header)) < len(header):
        reject(f"rows: the columns of {path.name} need names of their own: {', '.join(map(repr, header))}")
    if len(first) != len(header):
        reject(
            f"rows: {path.name} has {len(header)} columns, and {len(first)} values in its first row "
            f"(columns are divided by {delimiter!r})"
        )
    return tuple(header)


def _not_blank(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    return (line for line in lines if line)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
