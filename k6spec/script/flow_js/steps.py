"""The statements of a flow's steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from k6spec.declare.flow.steps import (
    Choose,
    Exponential,
    Group,
    Normal,
    Pace,
    Repeat,
    Request,
    Step,
    Think,
    Uniform,
)
from k6spec.script.flow_js.builder import Builder
from k6spec.script.flow_js.expressions import literal
from k6spec.script.flow_js.request import RUNTIME, request

_TIME: Final = "./runtime/flow_time.js"


def statements(builder: Builder, steps: Sequence[Step]) -> Iterator[str]:
    """The statements of steps, divided by blank lines."""
    for number, step in enumerate(steps):
        if number:
            yield ""
        yield from _step(builder, step)


def indented(lines: Iterator[str], by: str = "  ") -> Iterator[str]:
    """Lines further to the right; blank ones stay blank."""
    return (f"{by}{line}" if line else "" for line in lines)


def _step(builder: Builder, step: Step) -> Iterator[str]:
    match step:
        case Request():
            yield from request(builder, step)
        case Think():
            yield f"{builder.use('sleep', 'k6')}({_seconds(builder, step)});"
        case Pace():
            builder.paced = True
            yield f"{builder.use('pace', _TIME)}(started, {step.interval.seconds});"
        case Group():
            yield f"{builder.use('group', 'k6')}({literal(step.name)}, () => {{"
            yield from indented(statements(builder, step.steps))
            yield "});"
        case Repeat():
            yield f"for (let turn = 0; turn < {step.times}; turn++) {{"
            yield from indented(statements(builder, step.steps))
            yield "}"
        case Choose():
            yield from _choose(builder, step)


def _choose(builder: Builder, step: Choose) -> Iterator[str]:
    weights = ", ".join(literal(branch.weight) for branch in step.branches)
    yield f"switch ({builder.use('chosen', RUNTIME)}({weights})) {{"
    for number, branch in enumerate(step.branches):
        yield f"  case {number}:"
        yield from indented(statements(builder, branch.steps), "    ")
        yield "    break;"
    yield "}"


def _seconds(builder: Builder, step: Think) -> str:
    match step.time:
        case Uniform(least=least, most=most) if least == most:
            return str(least.seconds)
        case Uniform(least=least, most=most):
            return f"{least.seconds} + Math.random() * {(most.ns - least.ns) / 1e9}"
        case Normal(mean=mean, deviation=deviation):
            return f"{builder.use('normal', _TIME)}({mean.seconds}, {deviation.seconds})"
        case Exponential(mean=mean):
            return f"{builder.use('exponential', _TIME)}({mean.seconds})"
