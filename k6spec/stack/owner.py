"""Whose containers: labels that tell a dead session's leftovers from a living stack and from other people's."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from k6spec.collect.handshake import SPOOL_PREFIX
from k6spec.process import process_begun

MARK: Final = "k6spec"
"""The label that all of ours carry."""

STACK: Final = "k6spec.stack"
"""The label with the stack's id."""

WORKSPACE: Final = "k6spec.workspace"
"""The label with the folder whose it is."""

_SPOOL: Final = "k6spec.spool"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """This process, in this workspace, with one stack. The process's beginning tells it from a later one's pid."""

    workspace: Path
    stack: str = field(default_factory=lambda: secrets.token_hex(4))

    def labels(self, *, spool: Path | None = None) -> dict[str, str]:
        """What containers and networks are labelled with; ``spool`` is where a stack keeps spans."""
        return {
            _SPOOL: str(spool or ""),
            MARK: "1",
            STACK: self.stack,
            **place(self.workspace),
            "k6spec.pid": str(os.getpid()),
            "k6spec.begun": process_begun(os.getpid()) or "",
        }

    def finds(self) -> list[str]:
        """The label filters by which Docker finds what belongs to the same user, workspace and host."""
        return [f"{MARK}=1", *(f"{name}={value}" for name, value in place(self.workspace).items())]


def place(workspace: Path) -> dict[str, str]:
    """Whose stack: user, workspace and host. It is adopted or removed only where all three are the same.

    A pid says nothing on another host, or in another container that talks to the same daemon, which may well have
    the host's name and this workspace's path, as jobs of CI do.
    """
    return {
        "k6spec.user": str(os.getuid()),
        WORKSPACE: str(workspace.resolve()),
        "k6spec.host": f"{socket.gethostname()} {_pid_namespace()}".rstrip(),
    }


def _pid_namespace() -> str:
    with suppress(OSError):  # as where there is no /proc
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


def is_leftover(labels: Mapping[str, str], *, kept: str | None = None) -> bool:
    """Whether the process that labelled it is gone, and it is no part of the stack with the id ``kept``.

    One without a readable label is not ours to judge.
    """
    if kept is not None and labels.get(STACK) == kept:
        return False
    try:
        pid = int(labels["k6spec.pid"])
    except (KeyError, ValueError):
        return False
    begun = process_begun(pid)
    return begun is None or begun != labels.get("k6spec.begun")


def leftover_spool(labels: Mapping[str, str]) -> Path | None:
    """The directory of raw spans that a dead session left, if it is there and can only be one."""
    spool = Path(labels.get(_SPOOL, ""))
    ours = spool.name.startswith(SPOOL_PREFIX) and spool.is_dir() and not spool.is_symlink()
    return spool if ours and spool.stat().st_uid == os.getuid() else None
