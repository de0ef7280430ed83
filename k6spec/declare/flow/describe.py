"""Steps in plain values, for fingerprints and ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from k6spec.declare.flow.bodies import File
from k6spec.declare.profile import k6_duration
from k6spec.units import Duration


def described(value: object) -> object:
    """A step, or a part of one. Fields that say nothing are left out, so that a new one changes no fingerprint."""
    if isinstance(value, Duration):
        return k6_duration(value)
    if isinstance(value, File):
        return value.describe()
    if is_dataclass(value) and not isinstance(value, type):
        items = {field.name: getattr(value, field.name) for field in fields(value)}
        return {type(value).__name__: {name: described(item) for name, item in items.items() if _says(item)}}
    if isinstance(value, Mapping):
        return {key: described(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    return value


def _says(item: object) -> bool:
    return item is not None and item not in ((), {})
