"""Starts the server of ``answering.go``, on a core of its own if it is told one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_suffix(".go")


@contextmanager
def answering(cores: set[int]) -> Iterator[str]:
    """The base URL of a server that runs on these cores while the block does; needs Go."""
    go = shutil.which("go")
    if go is None:
        raise SystemExit("this benchmark's server is written in Go: put go on PATH")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "answering"
        subprocess.run([go, "build", "-o", program, _SOURCE], check=True)
        with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            os.sched_setaffinity(server.pid, cores)
            try:
                yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
            finally:
                server.terminate()
