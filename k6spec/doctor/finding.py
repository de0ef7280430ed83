"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

Status = Literal["ok", "warning", "problem", "not needed"]
"""``problem``: loads cannot run on the chosen stack; ``not needed``: something is missing that it does without."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: what it is, in a word or two.
        seen: what was seen.
        advice: what to do about it; empty where there is nothing to do.
    """

    topic: str
    status: Status
    seen: str
    advice: str = ""
