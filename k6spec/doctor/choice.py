"""Which stack a load would run on, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from k6spec.config import Config
from k6spec.doctor.finding import Finding
from k6spec.errors import ConfigError, StackFault
from k6spec.stack.base import Part
from k6spec.stack.choose import check_name, lasting_maker, new_stack
from k6spec.stack.kept import KeptFile, KeptStack
from k6spec.stack.lifetime import MENDED, ailments, let_go, taken_over

_RUNNING: Final = "running stack"


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
    """The stack of this workspace that runs already and is well; it is asked how it is, and left alone."""
    file = KeptFile(config.root)
    try:
        kept = file.read()
        if kept is None:
            return None, []
        if not file.is_here(kept):
            seen = f"{file.path} tells of a stack of another user, workspace or host, and is passed over"
            return None, [Finding(topic=_RUNNING, status="ok", seen=seen)]
        found = ailments(kept, _parts(kept, config))
    except StackFault as fault:
        return None, [Finding(topic=_RUNNING, status="warning", seen=fault.cause, advice=fault.advice)]
    seen = f"{kept.kind} ({kept.origin_words})"
    if found.dead:
        return None, [Finding(topic=_RUNNING, status="warning", seen=f"{seen}: {found.dead}", advice=MENDED)]
    seen += "; sessions use it where it is what they ask for"
    if found.without_links:
        seen += f", but it {found.without_links}"
        return kept, [Finding(topic=_RUNNING, status="warning", seen=seen, advice=MENDED)]
    return kept, [Finding(topic=_RUNNING, status="ok", seen=seen)]


def _parts(kept: KeptStack, config: Config) -> Sequence[Part]:
    if kept.kind == "docker":
        from k6spec.stack.docker.about import ask_daemon

        ask_daemon([])  # one that hangs costs a second here, and a minute below
    stack = taken_over(kept, lasting_maker(config))
    try:
        return stack.parts()
    finally:
        let_go(stack)
