"""What is said of a verdict, as data: pytest's output prints it, the archive keeps it, the report shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, final

Kind: TypeAlias = Literal[
    "reason", "note", "worst", "payload", "median", "extent", "cause", "twin", "difference", "evidence"
]
"""What a line is about: why nothing can be said, a remark, one of the worst members, what that one's request sent,
the median one of those that break the limit (only the report tells),
how many are beyond the limit, why, a healthy trace beside the worst, how the two differ (only the report tells),
and what the verdict rests on."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line below the headline. ``trace`` and ``span`` are hex ids of what it points to, ``link`` leads there."""

    kind: Kind
    text: str
    trace: str | None = None
    span: str | None = None
    link: str | None = None

    def __str__(self) -> str:
        text = f"  {self.text}" if self.kind == "payload" else self.text
        return text if self.link is None else f"{self.link}  {text}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A verdict's headline, and the lines below it.

    Its text leaves to the report all worst members but the first, the median one, and how the worst differs from
    its twin.
    """

    headline: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return "\n".join([self.headline, *(f"  {line}" for line in self._told())])

    def _told(self) -> Iterator[Line]:
        worst = 0
        for line in self.lines:
            worst += line.kind == "worst"
            further = worst > 1 and line.kind in {"worst", "payload"}
            if line.kind not in {"median", "difference"} and not further:
                yield line

    def plain(self) -> list[dict[str, Any]]:
        """The lines for ``run.json``; links are left out, as they depend on where they are read."""
        return [
            {name: value for name, value in asdict(line).items() if value is not None and name != "link"}
            for line in self.lines
        ]
