"""The k6spec command, as people call it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def k6spec(*arguments: str, cwd: Path, timeout: float = 300, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in ``cwd``. Loads wait for one another on a machine: give those a longer timeout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("K6SPEC_")}
    return subprocess.run(
        [sys.executable, "-c", "from k6spec.cli import main; main()", *arguments],
        cwd=cwd,
        env={**environment, "COLUMNS": "160", "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
