"""Holds the lifelines of a kept stack's programs, which end when it does. See :mod:`k6spec.stack.holder`.

Run by path with ``python -I -S _holder.py``; standard library only. The lifelines are descriptors that it
inherits. Standard input says whether the stack is kept: two lines, the file that tells of it and a text in that
file. If it ends before, whoever started this is gone, and so are we. The stack lasts as long as the file tells of
it: what nobody could find again is not to run for ever.
"""

import os
import signal
import sys
import time
from pathlib import Path

PAUSE = 1.0


def main() -> None:
    """Returns when the stack is to end; SIGTERM ends it at once."""
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    print("ready", flush=True)
    os.close(sys.stdout.fileno())
    file, text, end = (*os.fsdecode(sys.stdin.buffer.read()).split("\n"), "", "")[:3]
    if not text or end:
        return
    while tells(Path(file), text):
        time.sleep(PAUSE)


def tells(file: Path, text: str) -> bool:
    """Whether the file is there and holds the text; one that cannot be read just now is given time."""
    try:
        return text in file.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


if __name__ == "__main__":
    main()
