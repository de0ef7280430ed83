"""Which stack: by name, or the best there is."""

from __future__ import annotations

from k6spec.errors import ConfigError
from k6spec.stack.base import StackBackend
from k6spec.stack.embedded import EmbeddedStack

STACKS = ("auto", "embedded")


def choose_stack(name: str) -> StackBackend:
    """The stack called ``name``, not started; ``auto`` is the embedded one, which needs nothing.

    Raises:
        ConfigError: there is no such stack.
    """
    if name not in STACKS:
        raise ConfigError(f"there is no stack {name!r}; use one of {', '.join(STACKS)}")
    return EmbeddedStack()
