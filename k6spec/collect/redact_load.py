"""What is secret of a load: by the settings, by the environment, and by what the load declares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from k6spec.collect.redact import Redactor, redaction_rules
from k6spec.config import Config

_DECLARED: Final = re.compile(r'\{secret:(\w+)\}|"Secret": \{"name": "(\w+)"')


def load_redactor(config: Config, environ: Mapping[str, str], *loads: Mapping[str, object]) -> Redactor:
    """The redactor of what comes of these loads.

    Args:
        environ: holds the secrets that they declare.
        loads: as :meth:`~k6spec.declare.load.Load.describe` has them, or a ``run.json`` with one in it.
    """
    declared = {name for load in loads for name in _declared(load)}
    given = [pair for load in loads for pair in _given(load)]
    return Redactor(redaction_rules(config, environ, declared=declared, given=given))


def _declared(load: Mapping[str, object]) -> Iterator[str]:
    """Names of the environment variables that ``secret()`` reads."""
    for spelt, alone in _DECLARED.findall(json.dumps(load, default=str)):
        yield spelt or alone


def _given(load: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Variables that scripts are given, and baggage: whatever a spec writes there is known."""
    for scenario in cast("Mapping[str, Any]", load.get("scenarios", {})).values():
        yield from scenario.get("env", {}).items()
    yield from cast("Mapping[str, str]", load.get("baggage", {})).items()
