"""Environments of programs that k6spec starts: shown by no traceback, and bare where a program needs little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

_NEEDED: Final = frozenset(
    {
        *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"),
        *("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
        *("GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GODEBUG", "GRPC_VERBOSITY", "GRPC_TRACE"),
    }
)


@final
class Environment(dict[str, str]):
    """Variables by name. It has no words for them: pytest prints arguments and local variables."""

    def __repr__(self) -> str:
        return f"<{len(self)} environment variables>"


def bare_environment(environ: Mapping[str, str]) -> Environment:
    """What a program needs of the user's environment that has nothing to do with the user's system.

    Names are listed, not excluded: nobody can tell by its name what a variable holds, and a stack that is kept
    would hold it for days.
    """
    return Environment(
        (name, value) for name, value in environ.items() if name in _NEEDED or name.startswith("LC_")
    )
