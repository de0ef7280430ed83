"""What was measured equals nothing: ``==`` would be a claim that no load can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from k6spec.errors import UsageError

MYPY: Final = False
"""True for mypy alone, which finds ``==`` impossible by itself, as long as the class defines none."""

if TYPE_CHECKING and not MYPY:
    from typing_extensions import deprecated

    class EqualityIsNoClaim:
        """Neither true nor false, so that pyright refuses it where a condition is wanted."""

        def __bool__(self) -> EqualityIsNoClaim: ...


class NoEquality:
    """A base of what is compared with ``<``, ``<=``, ``>`` and ``>=`` only.

    mypy and pyright report ``==`` and ``!=``, and both raise a UsageError at run time.
    """

    __slots__ = ()

    __hash__ = None  # type: ignore[assignment]

    if not TYPE_CHECKING:

        def __eq__(self, other: object) -> bool:
            raise UsageError(f"== and != are no claims on what was measured; compare {self!r} with <, <=, > or >=")

        def __bool__(self) -> bool:
            raise UsageError(f"{self!r} is neither true nor false; compare it with <, <=, > or >=")

    elif not MYPY:

        @deprecated("== and != are no claims on what was measured: compare with <, <=, > or >=")
        def __eq__(self, other: object) -> EqualityIsNoClaim: ...

        @deprecated("== and != are no claims on what was measured: compare with <, <=, > or >=")
        def __ne__(self, other: object) -> EqualityIsNoClaim: ...


class NoNumber:
    """A base of what has statistics and is no number itself: comparing it raises a UsageError that says so."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def _refuse(self, _limit: object) -> bool:
            raise UsageError(f"a limit is compared with one number; write which one, as in {self._numbers}")

        __lt__ = __le__ = __gt__ = __ge__ = _refuse

        def __bool__(self) -> bool:
            raise UsageError(
                f"what has statistics is neither true nor false; compare one, as in {self._numbers} < …"
            )
