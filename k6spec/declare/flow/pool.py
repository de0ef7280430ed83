"""Payloads from Hypothesis strategies: a pool that the same seed always makes the same."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from k6spec.declare.flow.data import InlineRows, Pick, checked_pool
from k6spec.declare.location import reject, whole_number

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_MOST: Final = 1_000  # each is a value of a k6 tag
_PATIENCE: Final = 300  # tries without a new payload: filters refuse some, and small strategies repeat themselves
_BYTES: Final = 8192  # the most that Hypothesis reads


def payloads(
    strategy: SearchStrategy[Any], *, count: int = 200, seed: int = 0, pick: Pick = "sequential"
) -> InlineRows:
    """A pool of payloads that a Hypothesis strategy generates, for a flow's ``data``.

    The same strategy, count and seed give the same pool, with the same version of Hypothesis. The pool is
    archived with the run, and k6 tags each request with the index of the payload that it sent, so that a failure
    can be told with its payload.

    Args:
        strategy: of whatever JSON can hold; ``strategy.map(...)`` makes texts of dates and the like.
        count: how many different payloads, at most; a strategy may have fewer.
        seed: chooses another pool.
        pick: which payload an iteration sends, see :data:`~k6spec.declare.flow.data.Pick`.

    Raises:
        DeclarationError: Hypothesis is not installed, this is not a strategy, or JSON can't hold what it gives.
    """
    if not 1 <= whole_number("count", count) <= _MOST:
        reject(f"count={count}: at most {_MOST:,}, for each payload is a value of a k6 tag")
    found: dict[str, object] = {}
    in_vain = 0
    for values in _generated(strategy, whole_number("seed", seed, least=0)):
        before = len(found)
        for value in values:
            checked_pool([value], pick)
            found.setdefault(json.dumps(value, sort_keys=True), value)
        in_vain = 0 if len(found) > before else in_vain + 1
        if len(found) >= count or in_vain == _PATIENCE:
            break
    if not found:
        reject(f"{strategy!r} gave no payload in {_PATIENCE} tries: its filters refuse too much")
    return checked_pool(list(found.values()), pick)


def _generated(strategy: SearchStrategy[Any], seed: int) -> Iterator[list[object]]:
    """What a strategy makes of random bytes, and of nothing but zeros first: its simplest value. A try each.

    A strategy driven by bytes depends on nothing else. Hypothesis's own way of making examples, seeded too,
    also draws on constants in the source of whatever modules happen to be loaded.
    """
    try:
        from hypothesis import HealthCheck, given, settings
        from hypothesis.strategies import SearchStrategy
    except ImportError:
        reject("flow.payloads needs Hypothesis: pip install hypothesis")
    if not isinstance(strategy, SearchStrategy):
        reject(f"payloads({strategy!r}): give a Hypothesis strategy, as in st.fixed_dictionaries(...)")
    made: list[object] = []

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: object) -> None:
        made.append(value)

    make = collect.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    source = random.Random(seed)
    for number in itertools.count():
        noise = source.randbytes(_BYTES)
        # Mostly zeros now and then: small numbers, short texts, empty lists.
        mask = source.choices((0x00, 0xFF), weights=(3, 1), k=_BYTES) if number % 4 == 0 else None
        make(bytes(_BYTES) if number == 0 else noise if mask is None else _masked(noise, mask))
        yield made
        made.clear()


def _masked(noise: bytes, mask: list[int]) -> bytes:
    return bytes(value & keep for value, keep in zip(noise, mask, strict=True))
