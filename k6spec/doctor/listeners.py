"""Who listens on a port of this host, as far as Linux's /proc tells."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN: Final = "0A"
_ADDRESS, _STATE, _INODE = 1, 3, 9  # columns of proc(5)


def listeners(port: int) -> list[str]:
    """The processes, as in ``otelcol (pid 4242)``; those of other users only if we may look at them."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    return [f"{_name(process)} (pid {process.name})" for process in _processes() if wanted & _sockets(process)]


def _inodes(port: int) -> set[str]:
    found = set()
    for table in _TABLES:
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                columns = line.split()
                if columns[_STATE] == _LISTEN and int(columns[_ADDRESS].rpartition(":")[2], 16) == port:
                    found.add(columns[_INODE])
    return found


def _processes() -> list[Path]:
    with suppress(OSError):
        return [path for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return []


def _sockets(process: Path) -> set[str]:
    sockets = set()
    with suppress(OSError):  # another user's, or it has just ended
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                sockets.add(str(descriptor.readlink()))
    return sockets


def _name(process: Path) -> str:
    with suppress(OSError):
        return (process / "comm").read_text().strip()
    return "a process"
