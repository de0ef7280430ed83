"""What is examined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from k6spec.collect.access import is_loopback
from k6spec.config import Config
from k6spec.doctor.finding import Status
from k6spec.stack.kept import KeptStack


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The settings, the environment, and the stack that a load would run on.

    Attributes:
        stack: its name; None where the settings name none that could be.
        running: a stack of this workspace that runs already, and is well.
    """

    config: Config
    environ: Mapping[str, str] = field(repr=False)
    stack: str | None
    running: KeptStack | None = None

    @property
    def with_jaeger(self) -> bool:
        """Whether a docker or process stack has a Jaeger."""
        return self.config.jaeger_feed != "off"

    @property
    def with_receiver(self) -> bool:
        """Whether the stack has k6spec's own receiver."""
        return self.stack in {"embedded", "process"} or (self.stack == "external" and bool(self.config.receiver))

    @property
    def other_hosts(self) -> bool:
        """Whether clocks of other hosts come into it."""
        urls = (self.config.base_url, self.config.source.get("url"))
        return self.stack == "external" or any(isinstance(url, str) and not is_loopback(url) for url in urls)

    def lacking(self, stack: str) -> Status:
        """How bad it is that something is missing which only ``stack`` needs."""
        return "problem" if self.stack == stack else "not needed"
