"""How long a stack lives: adopted where it runs already, and at the end kept, left alone or ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from k6spec.declare.fingerprint import first_difference
from k6spec.errors import ConfigError, StackFault
from k6spec.stack.base import LastingStack, Part
from k6spec.stack.containers import HostPorts
from k6spec.stack.kept import Damaged, KeptFile, KeptStack, Lease, Origin
from k6spec.stack.owner import place

MENDED: Final = "k6spec down, then k6spec up mends it"
_DOWN: Final = "k6spec down ends it"

Say = Callable[[str], None]
MakeLasting = Callable[[str], LastingStack]
"""Makes a stack of a kind, not started.

Raises:
    ConfigError: there is no such kind, or its stacks don't last.
"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What the settings ask of a stack that runs already.

    Attributes:
        kind: the one that is named; None for ``auto``.
        ci: whether this is a pipeline: there ``auto`` takes what ``k6spec up`` started, and nothing that was left.
        settings: what a stack of a kind would be made of.
        ports: fixed ones; 0 is content with any.
    """

    kind: str | None
    ci: bool
    settings: Callable[[str], Mapping[str, object]]
    ports: HostPorts

    def unmet(self, stack: KeptStack) -> str | None:
        """Why a stack is not what is asked for, in words; None if it is."""
        if self.kind not in (None, stack.kind):
            return f"the settings name {self.kind}"
        if self.kind is None and self.ci and stack.origin == "session":
            return "this is CI"
        differs = first_difference(self.settings(stack.kind), stack.settings)
        if differs is not None:
            return f"it was made with other settings ({differs})"
        taken = {
            "otlp_grpc_port": (self.ports.grpc, stack.endpoints.otlp_grpc),
            "otlp_http_port": (self.ports.http, stack.endpoints.otlp_http),
            "jaeger_port": (self.ports.ui, stack.ui),
        }
        for setting, (wanted, url) in taken.items():
            if wanted and url is not None and urlsplit(url).port != wanted:
                return f"it has other ports ({setting}: {wanted} here, {urlsplit(url).port} there)"
        return None


@final
class Lifetime:
    """A stack that the settings chose, from before its start, or its adoption, to its end.

    Args:
        settings: what it is made of; asked for when it is to be kept.
        lease: of a stack that was adopted.
    """

    def __init__(
        self,
        stack: LastingStack,
        *,
        file: KeptFile,
        settings: Callable[[], Mapping[str, object]],
        lease: Lease | None = None,
    ) -> None:
        self.stack = stack
        self._file = file
        self._settings = settings
        self._lease = lease
        self._begun = datetime.now().astimezone()
        self._over = False

    def lasts(self, *, keep: bool) -> bool:
        """Whether :meth:`end` will let it last."""
        return keep or (self.adopted is not None and self.adopted.origin == "up")

    @property
    def adopted(self) -> KeptStack | None:
        """What was written of the stack, if it ran before."""
        return None if self._lease is None else self._lease.stack

    def keep(self, origin: Origin) -> KeptStack:
        """Makes the stack last, and lets go of it; one that was adopted is said to be of this origin from now on.

        Raises:
            StackFault: it cannot be kept, and is as before.
        """
        written: list[KeptStack] = []

        def record(stack: str, found: Mapping[str, object]) -> Path:
            written.append(self.adopted or self._described(stack, origin, found))
            return self._file.write(replace(written[0], origin=origin))

        other = self._file.read() if self.adopted is None else None
        if other is not None and self._file.is_here(other):
            raise StackFault(f"another stack of this workspace ({other.kind}) is kept already", advice=_DOWN)
        try:
            self.stack.keep(record)
        except BaseException:
            if written and self.adopted is None:
                self._file.remove(written[0].id)
            raise
        self._finish()
        return replace(written[0], origin=origin)

    def end(self, *, keep: bool) -> str | None:
        """Ends the stack or lets it last, and says so if it lasts for its links. Safe to call again.

        A stack of ``k6spec up`` lasts whatever ``keep`` says, and one that shows nothing is never kept.

        Raises:
            StackFault: it could not be ended.
        """
        if self._over:
            return None
        adopted = self.adopted
        if adopted is None:
            return self._end_own(keep=keep)
        if adopted.origin == "up":
            self.let_go()
            return None
        if keep:
            self.let_go()
            return _kept_words(adopted.ui)
        assert self._lease is not None
        if not self._lease.alone():
            self.let_go()
            return "the stack is left to another session that uses it"
        self.stack.stop()
        self._file.remove(adopted.id)
        self._finish()
        return None

    def let_go(self) -> None:
        """Leaves a stack that was adopted as it is."""
        let_go(self.stack)
        self._finish()

    def _end_own(self, *, keep: bool) -> str | None:
        note = None
        if keep and (ui := self._shows()) is not None:
            try:
                self.keep("session")
            except StackFault as fault:
                note = f"the stack is not kept: {fault.cause} ({fault.advice})"
            else:
                return _kept_words(ui)
        self.stack.stop()
        self._finish()
        return note

    def _shows(self) -> str | None:
        with suppress(StackFault):
            self.stack.endpoints()  # raises if it is not up
            return self.stack.ui()
        return None

    def _described(self, stack: str, origin: Origin, found: Mapping[str, object]) -> KeptStack:
        return KeptStack(
            kind=self.stack.name,
            id=stack,
            origin=origin,
            started=self._begun.isoformat(timespec="seconds"),
            place=place(self._file.root),
            settings=self._settings(),
            endpoints=self.stack.endpoints(),
            ui=self.stack.ui(),
            found=found,
        )

    def _finish(self) -> None:
        self._over = True
        if self._lease is not None:
            self._lease.release()


def adopt(file: KeptFile, demands: Demands, *, make: MakeLasting, say: Say) -> Lifetime | None:
    """The stack that runs already, if it is what is asked for and well; says why if it is not.

    One that a session kept is ended if it is not adopted, unless another session uses it; one of ``k6spec up`` is
    ended only if it is dead.
    """
    try:
        lease = file.lease()
    except StackFault as fault:
        say(f"{fault.cause} ({fault.advice})")
        return None
    if lease is None:
        return None
    lifetime = None
    try:
        lifetime = _adopted(lease, file, demands, make=make, say=say)
    except StackFault as fault:
        say(f"the {lease.stack.kind} stack that runs already is passed over: {fault.cause}")
    finally:
        if lifetime is None:
            lease.release()
    return lifetime


def _adopted(lease: Lease, file: KeptFile, demands: Demands, *, make: MakeLasting, say: Say) -> Lifetime | None:
    kept = lease.stack
    if not file.is_here(kept):
        say(f"{file.path} tells of a stack of another user, workspace or host, and is passed over")
        return None
    stack = taken_over(kept, make)
    words = f"the {kept.kind} stack that runs already ({kept.origin_words})"
    seen = ailments(kept, stack.parts())
    why = seen.dead or demands.unmet(kept)
    if why is None:
        if seen.without_links:
            say(f"{words} {seen.without_links}: {MENDED}")
        return Lifetime(stack, file=file, settings=lambda: kept.settings, lease=lease)
    if (seen.dead or kept.origin == "session") and lease.alone():
        say(f"{words} is ended, as {why}")
        stack.stop()
        file.remove(kept.id)
    else:
        say(f"{words} is left alone, as {why}")
        let_go(stack)
    return None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ailments:
    """``dead``: why no session takes a stack over; ``without_links``: what else it lacks. None if all is well."""

    dead: str | None
    without_links: str | None


def ailments(kept: KeptStack, parts: Sequence[Part]) -> Ailments:
    """What ails a stack. One that a session left is there for its links, so it needs all of its parts."""
    ailing = [part for part in parts if part.ailment is not None]
    dead = [part for part in ailing if part.needed or kept.origin == "session"]
    return Ailments(
        dead=f"its {dead[0].name} ails: {dead[0].ailment}" if dead else None,
        without_links=f"has no links, as its {ailing[0].name} ails" if ailing and not dead else None,
    )


def taken_over(kept: KeptStack, make: MakeLasting) -> LastingStack:
    """A stack that was kept, adopted whatever ails it.

    Raises:
        StackFault: it cannot be reached.
        Damaged: what was written of it is not what its kind needs.
    """
    try:
        stack = make(kept.kind)
        stack.adopt(kept.id, kept.found)
    except ConfigError as error:
        raise StackFault(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"what was written of it cannot be read: {type(error).__name__}: {error}") from error
    return stack


def let_go(stack: LastingStack) -> None:
    """Leaves a stack that was taken over as it is."""
    stack.keep(lambda _stack, _found: Path())


def end_kept(file: KeptFile, *, make: MakeLasting, say: Say) -> KeptStack | None:
    """Ends the stack that the file tells of, and removes the file; None if there was no such stack.

    Raises:
        StackFault: it cannot be ended; the file stays.
    """
    ended = None
    try:
        lease = file.lease()
        if lease is None:
            return None
        try:
            if file.is_copied(lease.stack):
                say(f"{file.path} was copied from another workspace, whose stack is left alone, and is removed")
            elif not file.is_here(lease.stack):
                say(
                    f"{file.path} tells of a stack of another user or host, which lasts as long as the file: both "
                    "are left alone. If it is long gone, remove the file"
                )
                return None
            else:
                if not lease.alone():
                    say("a session that uses the stack will miss it")
                ended = lease.stack
                taken_over(ended, make).stop()
        finally:
            lease.release()
    except Damaged as fault:
        say(f"{fault.cause}; the file is removed, and what it told of ends within seconds")
    file.remove()
    return ended


def _kept_words(ui: str | None) -> str:
    return f"stack kept for its links: {ui}; {_DOWN}"
