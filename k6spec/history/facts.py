"""What a run's description says of where it was made: commit and branch, and the kind of machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_SECONDS: Final = 10
_BRANCHES: Final = (
    "GITHUB_HEAD_REF",  # of a pull request; empty otherwise
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "BRANCH_NAME",
)
"""Where pipelines, which check out a commit and no branch, name the branch."""


def git_facts(root: Path, environ: Mapping[str, str]) -> dict[str, object] | None:
    """Commit, its time, branch, and whether tracked files were changed; None where there is no git or no commit.

    Names and addresses (of people, of remotes) are left out.
    """
    head = _git(root, "log", "-1", "--format=%H %cI")
    if head is None:
        return None
    commit, _, committed = head.partition(" ")
    branch = _git(root, "symbolic-ref", "--short", "-q", "HEAD")
    if not branch:
        branch = next((environ[name] for name in _BRANCHES if environ.get(name)), None)
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "committed": committed, "branch": branch, "dirty": bool(changed)}


def commits_between(root: Path, first: str, last: str, *, most: int = 20) -> list[str] | None:
    """Commits after ``first`` up to ``last``, the newest first, a line each; None where git does not know them."""
    said = _git(root, "log", f"--max-count={most}", "--format=%h %s", f"{first}..{last}", "--")
    return None if said is None else said.splitlines()


def machine(name: str | None) -> str:
    """The kind of machine, within which runs compare: the setting's name, else processor and number of cores."""
    return name or f"{_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        result = subprocess.run(
            command, cwd=root, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
