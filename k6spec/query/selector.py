"""What a claim selects: conditions, the window, and how it reads in a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

from k6spec.query.selectors import Condition
from k6spec.query.window import Window
from k6spec.store.spans import CLIENT_SERVICE

SYSTEM_SPAN: Final = Condition(sql=f"s.service <> '{CLIENT_SERVICE}'")
"""A span of the system under test, not one that k6spec made for k6."""

_IN_SCENARIO: Final = Condition(sql="scenario IS NOT NULL")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """``conditions`` on what is selected; ``root`` narrows spans and traces by the request that began them.

    ``at_any_time``: the window is only told, for the requests before a load follow no profile. ``unseen``: only
    what was not seen, of a group that nothing else is of either.
    """

    conditions: tuple[Condition, ...] = ()
    root: tuple[Condition, ...] = ()
    window: Window = field(default_factory=Window)
    text: str = ""
    at_any_time: bool = False
    unseen: bool = False

    @property
    def scope(self) -> tuple[Condition, ...]:
        """Conditions on the requests that the claim is about."""
        window = () if self.at_any_time else self.window.conditions
        return (_IN_SCENARIO, *self.root, *window)

    def named(self, noun: str) -> str:
        """``orders db spans, planned VUs 50``."""
        return ", ".join((self.text or noun, *self.window.words))
