"""Which load a test wants, and which of its fixtures could change the system under test."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from k6spec.declare.load import Load
from k6spec.errors import DeclarationError
from k6spec.pytest_plugin.marks import LOAD_MARK

OWN = frozenset({"run", "request", "k6spec_load", "k6spec_stack", "k6spec_sut", "k6spec_sut_base"})
"""Fixtures of k6spec, and pytest's that they ask for."""


def declared_load(item: pytest.Item) -> Load | None:
    """The load of the nearest mark: the test's, its class's or its module's."""
    mark = item.get_closest_marker(LOAD_MARK)
    return None if mark is None else unwrapped(mark)


def unwrapped(value: object) -> Load:
    """A load out of what ``k6spec.load`` gives, or out of a ``k6spec_load`` fixture."""
    if isinstance(value, pytest.MarkDecorator):
        value = value.mark
    if isinstance(value, pytest.Mark) and value.args:
        value = value.args[0]
    if isinstance(value, Load):
        return value
    raise DeclarationError(
        f'this is a {type(value).__name__} and not a load; write k6spec.load(scenario, constant_vus(10, "30s")), '
        "as a mark or as the value of a k6spec_load fixture"
    )


def changing_fixtures(item: pytest.Function, harmless: frozenset[str]) -> tuple[str, ...]:
    """Names, with their parameters, of the test's fixtures that could change the system under test.

    Left out are pytest's and k6spec's own, those that the load names in ``shared_over``, direct parameters of the
    test that no fixture asks for, and what an installed plugin puts around every test unasked.
    """
    info = cast("Any", item)._fixtureinfo
    params = item.callspec.params if hasattr(item, "callspec") else {}
    found = []
    for name in info.names_closure:
        definitions = info.name2fixturedefs.get(name)
        if name in OWN or name in harmless or not definitions:
            continue
        definition = definitions[-1]
        module = getattr(definition.func, "__module__", "")
        if module.startswith(("_pytest", "k6spec.", "xdist", "pytest_")) or is_direct(definition):
            continue
        if unasked(name, definition, item):
            continue
        relevant = {key: params[key] for key in _asked_by(name, info) if key in params}
        words = ", ".join(f"{key}={value!r}" for key, value in sorted(relevant.items()))
        found.append(f"{name}[{words}]" if words else name)
    return tuple(sorted(found))


def unasked(name: str, definition: Any, item: pytest.Function) -> bool:
    """Whether the test doesn't name the fixture, and a plugin from outside of the project brought it."""
    used = {asked for mark in item.iter_markers("usefixtures") for asked in mark.args}
    if name in used or name in cast("Any", item)._fixtureinfo.argnames:
        return False
    root = item.config.rootpath
    file = Path(inspect.getsourcefile(inspect.unwrap(definition.func)) or root)
    return "site-packages" in file.parts or not file.is_relative_to(root)


def is_direct(definition: Any) -> bool:
    """A parameter of the test itself, which pytest shows as a fixture that returns it."""
    return str(getattr(definition.func, "__name__", "")) == "get_direct_param_fixture_func"


def _asked_by(name: str, info: Any) -> Iterator[str]:
    waiting, seen = [name], set[str]()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        yield current
        for definition in info.name2fixturedefs.get(current, ())[-1:]:
            waiting.extend(definition.argnames)
