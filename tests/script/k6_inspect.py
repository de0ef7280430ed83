"""What ``k6 inspect`` makes of compiled scripts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from k6spec.k6.binary import K6Binary


def inspected(binary: K6Binary, entry: Path, **env: str) -> dict[str, Any]:
    """A compiled script's options, after k6's own validation."""
    answer = subprocess.run(
        [binary.path, "inspect", "--execution-requirements", "--include-system-env-vars", entry],
        capture_output=True,
        text=True,
        env=os.environ | {"BASE_URL": "http://127.0.0.1:1"} | env,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    options: dict[str, Any] = json.loads(answer.stdout)
    return options
