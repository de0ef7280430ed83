"""A selection in groups: a claim for each of them, or for the worst."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from math import inf
from typing import Final, Generic, TypeVar, final

from k6spec.judge.verdict import Outcome, Verdict

T = TypeVar("T")
_ORDER: Final[Mapping[Outcome, int]] = {"failed": 0, "inconclusive": 1, "skipped": 2, "passed": 3}


@final
class Groups(Generic[T]):
    """Selections by the value they share; None is for what has no value.

    Where traces are missing, or spans were dropped, there may be groups of spans that were not seen: a claim for
    every group, or for the worst, is judged for these too, with all their members hidden. To iterate, ``items``
    and ``[...]`` give the groups that were seen.

    ::

        routes = run.spans.http_server().by("http.route")
        run.expect(*routes.every(lambda route: route.duration.p95 < ms(400)))
        assert routes.worst(lambda route: route.duration.p95 < ms(400))
    """

    def __init__(
        self,
        split: Callable[[], dict[str | None, T]],
        unseen: Callable[[], T | None],
        whole: T,
    ) -> None:
        self._split = split
        self._unseen = unseen
        self._whole = whole

    def every(self, claim: Callable[[T], Verdict]) -> list[Verdict]:
        """The claim of each group, in the order of their values; give them to ``run.expect``.

        The last one is of groups that were not seen, where there may be some. Where there is no group, it is the
        claim of the whole selection, of which nothing was seen: only a count can pass, of what may be none.
        """
        if not self._groups:
            return [claim(self._whole)]
        unseen = self._unseen()
        return [claim(group) for group in (*self._groups.values(), *(() if unseen is None else (unseen,)))]

    def worst(self, claim: Callable[[T], Verdict]) -> Verdict:
        """The verdict that is furthest from holding: failed before inconclusive before passed, then by distance
        to the limit. It holds only if the claim holds for every group.
        """
        verdicts = self.every(claim)
        worst = min(verdicts, key=_standing)
        for verdict in verdicts:
            verdict.judged = verdict.judged or verdict is not worst
        return worst

    def items(self) -> Iterator[tuple[str | None, T]]:
        """Each value with its selection."""
        return iter(self._groups.items())

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._groups)

    def __getitem__(self, value: str | None) -> T:
        return self._groups[value]

    def __len__(self) -> int:
        return len(self._groups)

    @cached_property
    def _groups(self) -> dict[str | None, T]:
        return self._split()


def _standing(verdict: Verdict) -> tuple[int, float]:
    if verdict.observed is None:
        return _ORDER[verdict.outcome], inf
    room = verdict.limit - verdict.observed
    return _ORDER[verdict.outcome], room if verdict.operator in {"<", "<="} else -room
