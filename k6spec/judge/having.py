"""Claims of the form "in so many of the traces, there are so many of these spans"."""

from __future__ import annotations

from typing import final

from k6spec.errors import UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.reading import reading
from k6spec.judge.series import Share
from k6spec.judge.stat import Stat
from k6spec.query.having import Quantity, read_having
from k6spec.query.population import Population
from k6spec.query.selector import Selector
from k6spec.query.span_language import SpanLanguage
from k6spec.query.span_selector import span
from k6spec.units import Ratio


@final
class Having:
    """Traces in which all that was asked for holds."""

    def __init__(self, bench: Bench, selector: Selector, quantities: tuple[Quantity, ...]) -> None:
        self._bench = bench
        self._selector = selector
        self._quantities = quantities

    def having(
        self,
        spans: SpanLanguage | str,
        *,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
    ) -> Having:
        """And so many of these spans."""
        wanted = quantity(spans, exactly=exactly, at_least=at_least, at_most=at_most)
        return Having(self._bench, self._selector, (*self._quantities, wanted))

    @property
    def rate(self) -> Stat[Ratio]:
        """Their share of the traces; what an incomplete trace holds is unknown."""
        said = " and ".join(wanted.text for wanted in self._quantities)
        return Share(self._bench, lambda: self._population, limit=0.5, label=f"share having {said}").rate

    @property
    def _population(self) -> Population:
        return reading(
            lambda selector: read_having(self._bench.database, selector, self._quantities), self._selector
        )


def quantity(
    spans: SpanLanguage | str, *, exactly: int | None, at_least: int | None, at_most: int | None
) -> Quantity:
    """How many of which spans.

    Raises:
        UsageError: the numbers contradict one another.
    """
    if isinstance(spans, str):
        spans = span(spans)
    if not isinstance(spans, SpanLanguage):
        raise UsageError(f"having({spans!r}): give a selector of spans, as in having(span.db(), at_most=3)")
    conditions, described = spans.conditions, spans.described
    if exactly is not None and (at_least is not None or at_most is not None):
        raise UsageError("having(): give exactly=, or at_least= and at_most=")
    for number in (exactly, at_least, at_most):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise UsageError(f"having(): {number!r} is not a number of spans")
    if exactly is not None:
        counted = _counted(exactly, described)
        return Quantity(conditions=conditions, least=exactly, most=exactly, text=f"exactly {counted}")
    if at_least is None and at_most is None:
        return Quantity(conditions=conditions, least=1, most=None, text=described)
    if at_least is not None and at_most is not None and at_least > at_most:
        raise UsageError(f"having(): at least {at_least} and at most {at_most} contradict one another")
    said = [f"at least {at_least}"] if at_least is not None else []
    said += [f"at most {at_most}"] if at_most is not None else []
    return Quantity(
        conditions=conditions, least=at_least or 0, most=at_most, text=f"{' and '.join(said)} {described}"
    )


def _counted(number: int, described: str) -> str:
    one = number == 1 and described.endswith("spans")
    return f"1 {described.removesuffix('s')}" if one else f"{number} {described}"
