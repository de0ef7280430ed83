"""Runs a program and ends its process group when standard input closes. See :mod:`k6spec.child`.

Run by path with ``python -I -S _guard.py GRACE_SECONDS PROGRAM [ARGUMENT ...]``; standard library only,
and little of it: a session starts some five of these.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time


def main() -> int:
    """Returns the program's exit code; 127 if it cannot be started."""
    grace = float(sys.argv[1])
    argv = sys.argv[2:]
    inherited: list[int] = []
    with contextlib.suppress(FileNotFoundError), os.scandir("/dev/fd") as open_files:
        inherited = [int(file.name) for file in open_files]
    groups: list[int] = []  # the program's, once it is there
    early: list[int] = []

    def forward(received: int, _frame: object) -> None:
        for group in groups:
            _signal_group(group, received)
        if not groups:
            early.append(received)

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, forward)
    try:
        program = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[fd for fd in inherited if fd > 2 and _is_open(fd)],
        )
    except OSError as error:
        print(f"could not start {argv[0]}: {error.strerror}", file=sys.stderr)
        return 127

    groups.append(program.pid)
    for received in early:
        _signal_group(program.pid, received)

    def end_with_parent() -> None:
        while True:
            with contextlib.suppress(InterruptedError):
                if not os.read(0, 1):
                    break
        _signal_group(program.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and _group_alive(program.pid):
            time.sleep(0.02)
        _signal_group(program.pid, signal.SIGKILL)

    watcher = threading.Thread(target=end_with_parent, daemon=True)
    watcher.start()
    code = program.wait()
    # What the program left running in its group ends with it.
    if _group_alive(program.pid):
        _signal_group(program.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and _group_alive(program.pid):
            time.sleep(0.02)
        _signal_group(program.pid, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _signal_group(group: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


if __name__ == "__main__":
    sys.exit(main())
