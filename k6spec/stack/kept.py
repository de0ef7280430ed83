"""What is written of a stack that outlives the process that started it: ``.k6spec/stack.json``, one a workspace.

The file is the stack's life: programs end when it goes, and containers of dead sessions that it does not name are
leftovers. A session that uses such a stack holds a lease of it, a shared lock of the file that ends with the
session, however that ends; who would end the stack for a setting's sake takes the lock alone or leaves it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, final

from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints
from k6spec.stack.owner import WORKSPACE, place

FORMAT: Final = 1
"""Version of the file's format; a newer one is refused."""

FOLDER: Final = ".k6spec"
FILE: Final = "stack.json"

Origin = Literal["up", "session"]
"""Who started it: ``k6spec up``, or a session that kept it for its links."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStack:
    """A stack that outlives whoever started it.

    Attributes:
        started: when, ISO 8601 with offset.
        place: see :func:`k6spec.stack.owner.place`.
        settings: what it was made of, by setting's name.
        ui: the page that shows its traces.
        found: what its kind needs to adopt it.
    """

    kind: str
    id: str
    origin: Origin
    started: str
    place: Mapping[str, str]
    settings: Mapping[str, object]
    endpoints: Endpoints
    ui: str | None
    found: Mapping[str, object]

    @property
    def origin_words(self) -> str:
        """Who started it, in words."""
        return "k6spec up" if self.origin == "up" else "kept by a session"


@final
class Damaged(StackFault):
    """What was written of a kept stack cannot be read: its file may go, and the stack ends with it."""


@final
class Lease:
    """A kept stack, and the lock that says that it is in use."""

    def __init__(self, stack: KeptStack, fd: int) -> None:
        self.stack = stack
        self._fd: int | None = fd

    def alone(self) -> bool:
        """Whether nobody else uses it; from then on nobody else can begin to."""
        assert self._fd is not None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._fd, fcntl.LOCK_SH)
            return False
        return True

    def release(self) -> None:
        """Says that it is used no more. Safe to call again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


@final
class KeptFile:
    """The file of a workspace; ``root`` is the workspace's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root.resolve() / FOLDER / FILE

    def read(self) -> KeptStack | None:
        """The stack that it tells of, wherever that is; None if there is no file.

        Raises:
            Damaged: it cannot be read.
            StackFault: it is of a newer format.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from error
        return self._parsed(text)

    def lease(self) -> Lease | None:
        """The stack with a lease of it; waits for whoever is just ending it, and is None then.

        Raises:
            StackFault: as :meth:`read`.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._damaged(str(error)) from error
        lease = None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(fd), self.path.stat()) and (stack := self.read()) is not None:
                    lease = Lease(stack, fd)
        except OSError as error:
            raise self._damaged(f"it cannot be locked: {error}") from error
        finally:
            if lease is None:
                os.close(fd)
        return lease

    def is_here(self, stack: KeptStack) -> bool:
        """Whether it is a stack of this user, workspace and host, and not of one that the file was copied from."""
        return stack.place == place(self.root)

    def is_copied(self, stack: KeptStack) -> bool:
        """Whether the file is a copy: that of the stack's own workspace is another."""
        return stack.place.get(WORKSPACE) != place(self.root)[WORKSPACE]

    def kept_id(self) -> str | None:
        """The id of the stack that the file tells of, whatever its format; None if it tells of none."""
        with suppress(OSError, ValueError, AttributeError):
            return cast("str | None", json.loads(self.path.read_text(encoding="utf-8")).get("id"))
        return None

    def write(self, stack: KeptStack) -> Path:
        """Writes the file, whole or not at all.

        Raises:
            StackFault: the folder cannot be written.
        """
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        ignore = self.path.with_name(".gitignore")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({"format": FORMAT, **asdict(stack)}, indent=2) + "\n", encoding="utf-8")
            draft.replace(self.path)
        except OSError as error:
            raise StackFault(
                f"{self.path} cannot be written, so nobody could find the stack again: {error.strerror}",
                advice="make the place writable",
            ) from error
        finally:
            with suppress(OSError):
                draft.unlink()
        return self.path

    def remove(self, stack: str | None = None) -> None:
        """Removes the file, if it tells of this stack (None: of any)."""
        if stack is None or self.kept_id() == stack:
            with suppress(FileNotFoundError):
                self.path.unlink()

    def _parsed(self, text: str) -> KeptStack:
        try:
            told = json.loads(text)
            version = told["format"]
            if isinstance(version, int) and version > FORMAT:
                raise StackFault(
                    f"{self.path} has format {version}, this k6spec reads up to {FORMAT}",
                    advice="k6spec down of the k6spec that wrote it ends the stack; so does removing the file",
                )
            return _stack(told)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from error

    def _damaged(self, why: str) -> Damaged:
        return Damaged(f"{self.path} cannot be read: {why}", advice="k6spec down removes it")


def _stack(told: Mapping[str, Any]) -> KeptStack:
    if told["origin"] not in {"up", "session"}:
        raise ValueError(f"origin is {told['origin']!r}")
    return KeptStack(
        kind=str(told["kind"]),
        id=str(told["id"]),
        origin=told["origin"],
        started=str(told["started"]),
        place=dict(told["place"]),
        settings=dict(told["settings"]),
        endpoints=Endpoints(**told["endpoints"]),
        ui=told["ui"],
        found=dict(told["found"]),
    )
