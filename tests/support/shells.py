"""Real shells, as one that types in them has them."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PATIENCE: Final = 180
"""Seconds; a press of Tab starts Python."""

_READY: Final = "stty cols 200; PS1='rea''dy. '"
"""Wide, so that no line is scrolled; quoted, so that the echo of this is no prompt."""
_SHOWN_BY_CTRL_G: Final = {
    "bash": r"""bind 'set show-all-if-ambiguous on'; bind -x '"\C-g": printf "<<%s>>\n" "$READLINE_LINE"'""",
    "zsh": r"""shown() { print -r -- "<<$BUFFER>>" }; zle -N shown; bindkey "^G" shown""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    name: str
    home: Path
    cwd: Path

    def run(self, command: str) -> str:
        # More than one command, so that the shell stays the parent of each.
        result = subprocess.run(
            [self.name, "-c", f"{command}; true"],
            cwd=self.cwd,
            env=self._environ(),
            capture_output=True,
            text=True,
            check=True,
            timeout=_PATIENCE,
        )
        return result.stdout

    def offered(self, line: str) -> str:
        """What is on the terminal once Tab was pressed behind ``line``: the line, and what it could become."""
        if self.name == "fish":
            return self.run(f"complete -C '{line}'")
        return self._typed(line)

    def _typed(self, line: str) -> str:
        program, terminal = pty.fork()
        if not program:
            os.chdir(self.cwd)
            os.execvpe(self.name, [self.name, "-i"], self._environ())
        try:
            os.write(terminal, f"{_SHOWN_BY_CTRL_G[self.name]}; {_READY}\n".encode())
            _read(terminal, until=rb"ready\.")
            os.write(terminal, f"{line}\t\a".encode())
            return _read(terminal, until=rb"<<[^\n]*>>")
        finally:
            os.close(terminal)
            os.kill(program, signal.SIGKILL)
            os.waitpid(program, 0)

    def _environ(self) -> dict[str, str]:
        path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
        return {"HOME": str(self.home), "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def _read(terminal: int, *, until: bytes) -> str:
    """All that the terminal shows until a pattern is there."""
    shown = b""
    while not re.search(until, shown):
        readable, _, _ = select.select([terminal], [], [], _PATIENCE)
        assert readable, f"nothing more came; so far: {shown!r}"
        shown += os.read(terminal, 65_536)
    return shown.decode()
