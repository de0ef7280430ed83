"""One trace as a waterfall in the terminal.

Each row: marks, the tree with service, name and (where there is space) the statement, the bar on the trace's
time axis, the duration. Names are shown as text whatever they hold: no markup, no control characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from k6spec.report.html.visible import one_line, visible_line
from k6spec.units import counted, format_ns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from k6spec.report.trace_tree import SpanNode, TraceTree

MAX_ROWS: Final = 60
_MAX_GUIDES: Final = 12
_MIN_WIDTH: Final = 40
_DURATION_WIDTH: Final = 9
_MARKS_WIDTH: Final = 2
_MIN_STATEMENT: Final = 12
_LONGEST_TEXT: Final = 400
_COLOURS: Final = ("blue", "yellow", "green", "magenta", "cyan")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Glyphs:
    branch: str
    last: str
    through: str
    nothing: str
    offending: str
    error: str
    ellipsis: str
    left: str
    """Filled from the left: by one eighth, two … eight eighths."""
    right: tuple[tuple[int, str], ...]
    """Filled from the right: (eighths, glyph), the fullest first."""


_UNICODE: Final = _Glyphs(
    branch="├ ",
    last="└ ",
    through="│ ",
    nothing="  ",
    offending="▶",
    error="✗",
    ellipsis="…",
    left="▏▎▍▌▋▊▉█",
    right=((8, "█"), (4, "▐"), (1, "▕")),
)
_ASCII: Final = _Glyphs(
    branch="|- ",
    last="`- ",
    through="|  ",
    nothing="   ",
    offending=">",
    error="!",
    ellipsis="...",
    left="========",
    right=((1, "="),),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    node: SpanNode
    depth: int
    parent: int
    """Index of the parent's row, -1 for roots."""
    is_last: bool
    """No sibling follows."""


def render_waterfall(
    tree: TraceTree, *, width: int | None = None, highlight: Collection[str] = (), max_rows: int = MAX_ROWS
) -> RenderableType:
    """The waterfall of one trace.

    Args:
        tree: the trace.
        width: in cells; the console's width if not given, never under 40.
        highlight: ids (hex) of the spans that the waterfall is about.
        max_rows: of a longer trace only so many spans are shown: highlighted ones, errors, what is above
            them, then the longest. What was left out is counted in place.
    """
    marked = frozenset(span_id.lower() for span_id in highlight)
    return _Waterfall(tree=tree, width=width, marked=marked, max_rows=max_rows)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Waterfall:
    tree: TraceTree
    width: int | None
    marked: frozenset[str]
    max_rows: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        glyphs = _ASCII if options.ascii_only else _UNICODE
        width = max(_MIN_WIDTH, self.width or options.max_width)
        bar_width = max(10, (width - _MARKS_WIDTH - _DURATION_WIDTH - 2) * 2 // 5)
        label_width = width - _MARKS_WIDTH - _DURATION_WIDTH - 2 - bar_width
        rows = _rows(self.tree)
        kept = _kept(rows, self.marked, self.max_rows)

        yield self._header(label_width, bar_width, glyphs)
        left_out = 0
        for index, row in enumerate(rows):
            if index not in kept:
                left_out += 1
                continue
            if left_out:
                yield _left_out(left_out, glyphs)
                left_out = 0
            yield self._row(rows, row, label_width=label_width, bar_width=bar_width, glyphs=glyphs)
        if left_out:
            yield _left_out(left_out, glyphs)

    def _header(self, label_width: int, bar_width: int, glyphs: _Glyphs) -> Text:
        trace_id = self.tree.trace_id
        title = f"{trace_id[:8]}{glyphs.ellipsis}{trace_id[-4:]}  {_count(self.tree)}"
        end = _safe(format_ns(self.tree.duration_ns), glyphs)
        label = _fit(title, _MARKS_WIDTH + label_width, glyphs)
        return _text(f"{label} 0{end:>{bar_width - 1}} {'duration':>{_DURATION_WIDTH}}", "dim")

    def _row(self, rows: Sequence[_Row], row: _Row, *, label_width: int, bar_width: int, glyphs: _Glyphs) -> Text:
        node = row.node
        is_marked = node.span_id in self.marked
        colour = _COLOURS[self.tree.services.index(node.service) % len(_COLOURS)]
        name_style = ("bold " if is_marked else "") + ("red" if node.failed else "")

        line = _text(glyphs.offending if is_marked else " ", "bold yellow")
        line.append(glyphs.error if node.failed else " ", "bold red")
        line.append_text(_label(rows, row, label_width, glyphs, service_style=colour, name_style=name_style))
        bar = _bar(
            (node.start_ns - self.tree.start_ns) / max(1, self.tree.duration_ns),
            (node.end_ns - self.tree.start_ns) / max(1, self.tree.duration_ns),
            bar_width,
            glyphs,
        )
        line.append(f" {bar} ", "red" if node.failed else colour)
        duration = _safe(format_ns(node.duration_ns), glyphs)
        line.append(f"{duration:>{_DURATION_WIDTH}}", "bold yellow" if is_marked else "")
        return line


def _rows(tree: TraceTree) -> list[_Row]:
    rows: list[_Row] = []
    path: list[int] = []
    last = {id(siblings[-1]) for siblings in (tree.roots, *(n.children for _, n in tree.walk())) if siblings}
    for depth, node in tree.walk():
        del path[depth:]
        rows.append(_Row(node=node, depth=depth, parent=path[-1] if path else -1, is_last=id(node) in last))
        path.append(len(rows) - 1)
    return rows


def _kept(rows: Sequence[_Row], marked: Collection[str], most: int) -> set[int]:
    """The indices of the rows to show."""
    if len(rows) <= most:
        return set(range(len(rows)))
    kept: set[int] = set()
    by_weight = sorted(
        range(len(rows)),
        key=lambda index: (
            rows[index].node.span_id not in marked,
            not rows[index].node.failed,
            -rows[index].node.duration_ns,
        ),
    )
    for index in by_weight:
        while index >= 0 and index not in kept:
            if len(kept) >= most:
                return kept
            kept.add(index)
            index = rows[index].parent
    return kept


def _label(
    rows: Sequence[_Row], row: _Row, width: int, glyphs: _Glyphs, *, service_style: str, name_style: str
) -> Text:
    guides = _guides(rows, row, glyphs)
    # At least half of the column is for the name, however deep the span.
    guides = guides if cell_len(guides) <= width // 2 else glyphs.ellipsis + guides[-(width // 2 - 3) :]
    service = _fit_at_most(_safe(row.node.service, glyphs), max(6, width // 4), glyphs)
    label = _text(guides, "dim")
    label.append(service, service_style).append(" ")
    room = width - label.cell_len
    name = _fit_at_most(_safe(row.node.name, glyphs), room, glyphs)
    label.append(name, name_style)
    room -= cell_len(name) + 2
    if row.node.statement and room >= _MIN_STATEMENT and name != row.node.statement:
        statement = _safe(one_line(row.node.statement[:_LONGEST_TEXT]), glyphs)
        label.append("  ").append(_fit_at_most(statement, room, glyphs), "dim")
    label.append(" " * (width - label.cell_len))
    return label


def _guides(rows: Sequence[_Row], row: _Row, glyphs: _Glyphs) -> str:
    if row.parent < 0:
        return ""
    parts = [glyphs.last if row.is_last else glyphs.branch]
    above = rows[row.parent]
    while above.parent >= 0 and len(parts) < _MAX_GUIDES:
        parts.append(glyphs.nothing if above.is_last else glyphs.through)
        above = rows[above.parent]
    deeper = f"{row.depth}{glyphs.ellipsis}" if row.depth > _MAX_GUIDES else ""
    return deeper + "".join(reversed(parts))


def _bar(start: float, end: float, width: int, glyphs: _Glyphs) -> str:
    """The bar from ``start`` to ``end`` (shares of the axis) in ``width`` cells, by eighths of a cell."""
    total = width * 8
    first = min(int(start * total), total - 1)
    last = max(first + 1, round(end * total))
    cell, offset = divmod(first, 8)
    end_cell, rest = divmod(last, 8)
    if end_cell == cell or (end_cell == cell + 1 and not rest):
        drawn = glyphs.left[last - first - 1]
    else:
        drawn = next(glyph for filled, glyph in glyphs.right if filled <= 8 - offset)
        drawn += glyphs.left[7] * (end_cell - cell - 1)
        drawn += glyphs.left[rest - 1] if rest else ""
    return f"{' ' * cell}{drawn}".ljust(width)


def _left_out(count: int, glyphs: _Glyphs) -> Text:
    return _text(f"  {glyphs.ellipsis} {count:,} more {'span' if count == 1 else 'spans'}", "dim italic")


def _count(tree: TraceTree) -> str:
    spans = counted(tree.span_count, "span")
    services = counted(len(tree.services), "service")
    errors = f", {tree.error_count:,} failed" if tree.error_count else ""
    return f"{spans}, {services}{errors}"


def _text(content: str, style: str) -> Text:
    return Text(content, style=style, no_wrap=True, overflow="crop", end="\n")


def _safe(text: str, glyphs: _Glyphs) -> str:
    seen = visible_line(text[:_LONGEST_TEXT])
    if glyphs is _ASCII:
        return seen.replace("µ", "u").encode("ascii", "replace").decode()
    return seen


def _fit_at_most(text: str, width: int, glyphs: _Glyphs) -> str:
    if cell_len(text) <= width:
        return text
    room = max(0, width - len(glyphs.ellipsis))
    return set_cell_size(text, room) + glyphs.ellipsis[:width]


def _fit(text: str, width: int, glyphs: _Glyphs) -> str:
    return set_cell_size(_fit_at_most(text, width, glyphs), width)
