"""Calls from the orders service to the stock service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from demo.service.app import correlation_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 60
CONNECTIONS = 64


class OutOfStockError(Exception):
    """The stock service has less than was asked for."""


class StockUnavailableError(Exception):
    """The stock service did not do what was asked; the customer may try again."""


class StockClient:
    """The stock service at `url`, over a pool of kept connections; safe to share between threads."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S, limits=limits, trust_env=False)

    def reserve(self, wanted: Mapping[str, int]) -> None:
        """Reserve the quantities by sku, all or none."""
        items = [{"sku": sku, "quantity": quantity} for sku, quantity in wanted.items()]
        response = self._post("/reserve", {"items": items}, correlation_headers())
        if response.status_code == httpx.codes.CONFLICT:
            raise OutOfStockError(response.json()["error"])
        if response.is_error:
            raise StockUnavailableError(f"stock answered {response.status_code}: {response.text.strip()}")

    def switch_faults(self, names: list[str]) -> None:
        """Give the stock service the same active faults."""
        self._post("/_faults", names, {}).raise_for_status()

    def _post(self, path: str, body: object, headers: dict[str, str]) -> httpx.Response:
        try:
            return self._http.post(path, json=body, headers=headers)
        except httpx.TransportError as failure:
            raise StockUnavailableError(f"stock cannot be reached: {failure}") from failure
