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

    elif not MYPY:

        @deprecated("== and != are no claims on what was measured: compare with <, <=, > or >=")
        def __eq__(self, other: object) -> EqualityIsNoClaim: ...

        @deprecated("== and != are no claims on what was measured: compare with <, <=, > or >=")
        def __ne__(self, other: object) -> EqualityIsNoClaim: ...
