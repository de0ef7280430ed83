"""The /_faults endpoint: read and replace the active faults of a running service."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flask import Flask, jsonify, request
from opentelemetry.instrumentation.utils import suppress_instrumentation

from demo.faults import UnknownFaultError, active, known, listed
from demo.service.app import error

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue


def add_fault_switch(app: Flask, *, changed: Callable[[], None] = lambda: None) -> None:
    """Start with the faults of SHOP_FAULTS and add the endpoint; `changed` runs untraced after a switch."""
    active.switch(listed(os.environ.get("SHOP_FAULTS", "")))

    @app.get("/_faults")
    def faults() -> ResponseReturnValue:
        return jsonify(active.active())

    @app.post("/_faults")
    def replace_faults() -> ResponseReturnValue:
        names = request.get_json(silent=True)
        if not isinstance(names, list):
            return error(400, 'expected a JSON list of fault names such as ["slow_query"]')
        try:
            active.switch(known(names))
        except UnknownFaultError as unknown:
            return error(400, str(unknown))
        with suppress_instrumentation():
            changed()
        return faults()
