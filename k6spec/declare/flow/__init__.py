"""Flows written in Python: the steps of a scenario that needs no k6 script.

::

    from k6spec import Scenario, flow, secret

    buy = Scenario.http(
        flow.post(
            "/login",
            form={"user": "{user.name}", "password": secret("SHOP_PASSWORD")},
            extract={"token": flow.json("access_token")},
        ),
        flow.get("/products", extract={"sku": "0.sku"}, check={"some": flow.json("0").exists()}),
        flow.think("500ms", "2s"),
        flow.group(
            "checkout",
            flow.post("/checkout", json={"sku": "{sku}"}, auth=flow.bearer("{token}"), expect=201),
        ),
        data={"user": flow.rows("users.csv")},
    )

``{name}`` in a path, header, query, cookie or body stands for a value that an earlier step extracted, for a row
of the flow's data (``{user.name}`` for a field of it), or for one of ``{vu}`` and ``{iteration}``; a JSON text
that is nothing but ``{name}`` keeps the value's type. ``{{`` and ``}}`` are literal braces; :func:`literal`
doubles all of a text. What goes beyond this is a k6 script: ``Scenario.script``.
"""

from __future__ import annotations

from k6spec.declare.flow.answers import body, cookie, header, json, regex, status
from k6spec.declare.flow.auth import basic, bearer
from k6spec.declare.flow.bodies import file
from k6spec.declare.flow.data import rows
from k6spec.declare.flow.mixing import choose, group, repeat
from k6spec.declare.flow.pauses import exponential, normal, pace, think
from k6spec.declare.flow.pool import payloads
from k6spec.declare.flow.requests import delete, get, head, patch, post, put, request
from k6spec.declare.flow.template import literal

__all__ = [
    "basic",
    "bearer",
    "body",
    "choose",
    "cookie",
    "delete",
    "exponential",
    "file",
    "get",
    "group",
    "head",
    "header",
    "json",
    "literal",
    "normal",
    "pace",
    "patch",
    "payloads",
    "post",
    "put",
    "regex",
    "repeat",
    "request",
    "rows",
    "status",
    "think",
]
