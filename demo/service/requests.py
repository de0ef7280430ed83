"""Read the JSON of a checkout or reservation."""

from __future__ import annotations

from typing import Any

MAX_ITEMS = 20


class InvalidRequestError(ValueError):
    """The JSON is not as expected; the message says what is."""


def parse_customer(body: Any) -> str:
    """The customer of {"customer": "c1"}."""
    match body:
        case {"customer": str(customer)} if customer:
            return customer
    raise InvalidRequestError('"customer" must be given, such as "c1"')


def parse_items(body: Any) -> dict[str, int]:
    """The wanted quantities by sku, in the order of {"items": [{"sku": "sku-1", "quantity": 1}]}."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not 0 < len(items) <= MAX_ITEMS:
        raise InvalidRequestError(f'"items" must be a list of 1 to {MAX_ITEMS} items')
    wanted: dict[str, int] = {}
    for item in items:
        match item:
            case {"sku": str(sku), "quantity": int(quantity)} if sku and quantity > 0 and quantity is not True:
                wanted[sku] = wanted.get(sku, 0) + quantity
            case _:
                raise InvalidRequestError('an item must be {"sku": "sku-1", "quantity": 1}, its quantity above 0')
    return wanted
