"""Whose containers: labels that tell a dead session's leftovers from a living stack and from other people's."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

MARK: Final = "k6spec"
"""The label that all of ours carry."""

STACK: Final = "k6spec.stack"
"""The label with the stack's id."""

SPOOL_PREFIX: Final = "k6spec-spool-"
"""What the names of spools' directories begin with."""

_SPOOL: Final = "k6spec.spool"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """This process, in this workspace, with one stack. The process's beginning tells it from a later one's pid."""

    workspace: Path
    stack: str = field(default_factory=lambda: secrets.token_hex(4))

    def labels(self, *, spool: Path) -> dict[str, str]:
        """What a container or network of the stack is labelled with; ``spool`` is where its spans are kept."""
        return {
            _SPOOL: str(spool),
            MARK: "1",
            STACK: self.stack,
            **self._place(),
            "k6spec.pid": str(os.getpid()),
            "k6spec.begun": process_begun(os.getpid()) or "",
        }

    def finds(self) -> list[str]:
        """The label filters by which Docker finds what belongs to the same user, workspace and host."""
        return [f"{MARK}=1", *(f"{name}={value}" for name, value in self._place().items())]

    def _place(self) -> dict[str, str]:
        return {
            "k6spec.user": str(os.getuid()),
            "k6spec.workspace": str(self.workspace.resolve()),
            # A pid says nothing on another host, or in another container that talks to the same daemon.
            "k6spec.host": socket.gethostname(),
        }


def is_leftover(labels: Mapping[str, str]) -> bool:
    """Whether the process that labelled it is gone. One without a readable label is not ours to judge."""
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


def process_begun(pid: int) -> str | None:
    """When a process began, in its system's own terms (empty where there are none), or None if there is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another user's
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # Field 22, starttime, of proc(5); the name in parentheses may hold anything.
    return stat.rpartition(")")[2].split()[19]
