"""Steps made of steps: groups, repetition, choice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from k6spec.declare.flow.steps import Branch, Choose, Group, Repeat, Step
from k6spec.declare.location import reject, whole_number


def group(name: str, *steps: Step) -> Group:
    """Steps of one k6 group, which their requests and checks carry as ``::name``."""
    if not isinstance(name, str) or not name or "::" in name:
        reject(f"group({name!r}): give a name, without k6's :: in it")
    return Group(name=name, steps=checked_steps("group(name, …)", steps))


def repeat(times: int, *steps: Step) -> Repeat:
    """Steps to do ``times`` times in each iteration."""
    return Repeat(times=whole_number("times", times), steps=checked_steps("repeat(times, …)", steps))


def choose(*branches: tuple[float, Step | Sequence[Step]]) -> Choose:
    """One branch in each iteration, at random by weight.

    As in ``flow.choose((7, browse), (3, [login, buy]))``: seven of ten iterations browse. What a branch extracts
    is known after the choice only if every branch extracts it.
    """
    if len(branches) < 2:
        reject("choose() needs at least two branches, as in flow.choose((7, browse), (3, buy))")
    return Choose(branches=tuple(_branch(branch) for branch in branches))


def checked_steps(where: str, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Declared steps; there is at least one."""
    if not steps:
        reject(f'{where} needs steps, as in flow.get("/products")')
    for step in steps:
        if not isinstance(step, Step):
            reject(f'{step!r} is not a step; write flow.get("/path"), flow.post(...) or flow.think("1s")')
    return tuple(steps)


def _branch(branch: tuple[float, Step | Sequence[Step]]) -> Branch:
    if not isinstance(branch, tuple) or len(branch) != 2:
        reject(f"choose({branch!r}): write pairs of weight and steps, as in flow.choose((7, browse), (3, buy))")
    weight, steps = branch
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        reject(f"choose: the weight {weight!r} is not a number above zero")
    listed = (steps,) if isinstance(steps, Step) else steps
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        reject(f"choose: {steps!r} are not steps; write a step, or a list of them")
    return Branch(weight=weight, steps=checked_steps("choose: a branch", listed))
