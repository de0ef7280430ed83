"""A statement that an ORM and its driver tell of as siblings is one."""

from __future__ import annotations

import numpy as np
import pytest

from k6spec.query.repeats import within_siblings

ORM, DRIVER = 1, 2
Told = tuple[int, int, int]  # scope, start, end


def repeated(
    *told: Told, parent: int | list[int] = 0, statement: int = 7, clock: int | list[int] = 0
) -> list[bool]:
    scope, start, end = (np.array(column) for column in zip(*told, strict=True))
    count = len(told)

    def each(value: int | list[int]) -> list[int]:
        return value if isinstance(value, list) else [value] * count

    return within_siblings(
        parent=np.array(each(parent), np.int64),
        statement=np.array(each(statement), np.uint64),
        clock=np.array(each(clock), np.int64),
        scope=scope.astype(np.uint64),
        start=start.astype(np.int64),
        length=(end - start).astype(np.int64),
    ).tolist()


@pytest.mark.parametrize(
    ("told", "repeats"),
    [
        ([(ORM, 0, 10), (DRIVER, 1, 9)], [False, True]),
        ([(DRIVER, 1, 9), (ORM, 0, 10)], [True, False]),
        ([(ORM, 0, 10), (DRIVER, 0, 10)], [False, True]),
        ([(ORM, 0, 10), (DRIVER, 1, 9), (ORM, 20, 30), (DRIVER, 21, 29)], [False, True, False, True]),
        ([(ORM, 0, 10), (ORM, 1, 12), (DRIVER, 2, 9), (DRIVER, 3, 11)], [False, False, True, True]),
        ([(ORM, 0, 10), (DRIVER, 5, 15)], [False, False]),
        ([(ORM, 0, 10), (ORM, 1, 9)], [False, False]),  # at once, by one instrumentation: two statements
    ],
)
def test_the_one_within_the_other_repeats_it(told: list[Told], repeats: list[bool]) -> None:
    assert repeated(*told) == repeats


def test_other_parents_and_processes_have_statements_of_their_own() -> None:
    assert repeated((ORM, 0, 10), (DRIVER, 1, 9), parent=[0, 1]) == [False, False]
    assert repeated((ORM, 0, 10), (DRIVER, 1, 9), clock=[0, 1]) == [False, False]
    assert repeated((ORM, 0, 10), (DRIVER, 1, 9), (ORM, 0, 1), parent=[0, 0, 5]) == [False, True, False]
