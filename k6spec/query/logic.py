"""Conditions put together: all of them, any of them, none of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k6spec.query.selectors import Condition, where

Conditions = tuple[Condition, ...]


def all_of(conditions: Conditions) -> Condition:
    """Every one of them holds; of none, always."""
    if not conditions:
        return Condition(sql="true")
    if len(conditions) == 1:
        return conditions[0]
    sql, parameters = where(conditions)
    return _composed("all", f"({sql})", parameters, conditions, state=all(part.state for part in conditions))


def any_of(conditions: Conditions) -> Condition:
    """At least one of them holds."""
    if len(conditions) == 1:
        return conditions[0]
    sql = " OR ".join(condition.sql for condition in conditions) or "false"
    parameters = [parameter for condition in conditions for parameter in condition.parameters]
    return _composed("any", f"({sql})", parameters, conditions, state=all(part.state for part in conditions))


def negated(condition: Condition) -> Condition:
    """It does not hold; what has no such value doesn't meet it, so meets this."""
    return Condition(
        sql=f"NOT coalesce({condition.sql}, false)",
        parameters=condition.parameters,
        how="not",
        parts=(condition,),
        state=True,
        local=condition.local,
        certain=condition.local,
        doubts=condition.doubts,
    )


def identity(conditions: Conditions) -> Conditions:
    """What is left once conditions on how things went are taken away."""
    kept: list[Condition] = []
    for condition in conditions:
        if condition.state:
            continue
        if condition.how == "all":
            kept += identity(condition.parts)
        elif condition.how == "any":
            branches = [identity((part,)) for part in condition.parts]
            if all(branches):
                kept.append(any_of(tuple(all_of(branch) for branch in branches)))
        else:
            kept.append(condition)
    return tuple(kept)


def anchors(conditions: Conditions) -> Iterator[Conditions]:
    """Groups of conditions that something must meet for "there is none" to be a finding and not a typo.

    ``never B under A`` says nothing where there is no A.
    """
    for condition in conditions:
        match condition.how:
            case "not" | "related":
                yield from _named(identity(condition.parts))
                yield from anchors(condition.parts)
            case "any":
                branches = [identity((part,)) for part in condition.parts]
                if not all(branches):
                    for branch in branches:
                        yield from _named(branch)
                yield from anchors(condition.parts)
            case "all":
                yield from anchors(condition.parts)
            case "leaf":
                if condition.state and condition.keys:
                    yield (present(condition),)


def present(condition: Condition) -> Condition:
    """There is a value to compare at all."""
    return Condition(
        sql=f"({condition.column}) IS NOT NULL",
        column=condition.column,
        what=condition.what,
        keys=condition.keys,
        asked="of any value",
    )


def doubts(conditions: Conditions) -> Condition | None:
    """Where one is met, clocks of two hosts would have to be compared."""
    found = tuple(doubt for condition in conditions for doubt in condition.doubts)
    return any_of(found) if found else None


def certain(conditions: Conditions) -> bool:
    """Whether a thing that meets them would meet them still, had everything been received."""
    return all(condition.certain for condition in conditions)


def leaves(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """The conditions without parts, in the order in which they were written."""
    for condition in conditions:
        if condition.parts:
            yield from leaves(condition.parts)
        else:
            yield condition


def _named(conditions: Conditions) -> Iterator[Conditions]:
    if conditions:
        yield conditions


def _composed(how: str, sql: str, parameters: list[object], parts: Conditions, *, state: bool) -> Condition:
    return Condition(
        sql=sql,
        parameters=tuple(parameters),
        how="all" if how == "all" else "any",
        parts=parts,
        state=state,
        local=all(part.local for part in parts),
        certain=all(part.certain for part in parts),
        doubts=tuple(doubt for part in parts for doubt in part.doubts),
    )
