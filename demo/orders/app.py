"""The HTTP interface of the orders service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, jsonify, request
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation

from demo.faults import active, missing_index
from demo.orders.catalogue import list_products
from demo.orders.checkout import Basket, UnknownError, place_order
from demo.orders.history import latest_orders, one_order
from demo.orders.stock_client import OutOfStockError, StockUnavailableError
from demo.service.app import error, new_app
from demo.service.fault_switch import add_fault_switch
from demo.service.requests import InvalidRequestError, parse_customer, parse_items

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from demo.faults.small_pool import Pools
    from demo.orders.stock_client import StockClient


def create_app(pools: Pools, stock: StockClient) -> Flask:
    """The application over an opened database and the stock service."""
    app = new_app("orders")

    def faults_changed() -> None:
        missing_index.apply(pools.usual)
        stock.switch_faults(active.active())

    add_fault_switch(app, changed=faults_changed)
    with suppress_instrumentation():
        missing_index.apply(pools.usual)
    _add_reading(app, pools)
    _add_checkout(app, pools, stock)
    return app


def _add_reading(app: Flask, pools: Pools) -> None:
    @app.get("/products")
    def products() -> ResponseReturnValue:
        with pools.engine.connect() as connection:
            return jsonify(list_products(connection))

    @app.get("/orders")
    def orders() -> ResponseReturnValue:
        customer = request.args.get("customer", "")
        if not customer:
            return error(400, "which customer? Ask for /orders?customer=c1")
        trace.get_current_span().set_attribute("shop.customer", customer)
        with pools.engine.connect() as connection:
            return jsonify(latest_orders(connection, customer))

    @app.get("/orders/<int:order_id>")
    def order(order_id: int) -> ResponseReturnValue:
        with pools.engine.connect() as connection:
            found = one_order(connection, order_id)
        return error(404, f"no order {order_id}") if found is None else jsonify(found)


def _add_checkout(app: Flask, pools: Pools, stock: StockClient) -> None:
    @app.post("/checkout")
    def checkout() -> ResponseReturnValue:
        body = request.get_json(silent=True)
        basket = Basket(parse_customer(body), parse_items(body))
        span = trace.get_current_span()
        span.set_attributes({"shop.customer": basket.customer, "shop.sku": next(iter(basket.wanted))})
        receipt = place_order(pools.engine, stock, basket)
        return jsonify(order_id=receipt.order_id, total=receipt.total_cents / 100), 201

    @app.errorhandler(InvalidRequestError)
    def invalid(exception: InvalidRequestError) -> ResponseReturnValue:
        return error(400, str(exception))

    @app.errorhandler(UnknownError)
    def unknown(exception: UnknownError) -> ResponseReturnValue:
        return error(404, str(exception))

    @app.errorhandler(OutOfStockError)
    def out_of_stock(exception: OutOfStockError) -> ResponseReturnValue:
        return error(409, str(exception))

    @app.errorhandler(StockUnavailableError)
    def unavailable(exception: StockUnavailableError) -> ResponseReturnValue:
        return error(503, str(exception))
