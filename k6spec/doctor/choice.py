"""Which stack a load would run on, and why."""

from __future__ import annotations

from collections.abc import Mapping

from k6spec.config import Config
from k6spec.doctor.finding import Finding
from k6spec.errors import ConfigError, StackFault
from k6spec.stack.choose import check_name, new_stack
from k6spec.stack.kept import KeptFile, KeptStack


def choose(config: Config, environ: Mapping[str, str]) -> tuple[str | None, Finding]:
    """The name of the stack, started by nobody; None if the settings name none that could be."""
    try:
        check_name(config.stack)
        choice = new_stack(config, environ)
    except ConfigError as error:
        return None, Finding(topic="stack", status="problem", seen=str(error), advice="correct the settings")
    name = choice.stack.name
    return name, Finding(topic="stack", status="ok", seen=f"{name}: {choice.reason}")


def running(config: Config) -> tuple[KeptStack | None, list[Finding]]:
    """The stack of this workspace that runs already; it is looked up only, neither asked nor ended."""
    try:
        kept = KeptFile(config.root).read()
    except StackFault as fault:
        return None, [Finding(topic="running stack", status="warning", seen=fault.cause, advice=fault.advice)]
    if kept is None:
        return None, []
    seen = f"{kept.kind} ({kept.origin_words}); sessions use it where it is what they ask for"
    return kept, [Finding(topic="running stack", status="ok", seen=seen)]
