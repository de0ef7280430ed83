"""The HTTP interface of the stock service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, jsonify, request
from opentelemetry import trace

from demo.faults.errors import OverloadedError
from demo.service.app import error, new_app
from demo.service.fault_switch import add_fault_switch
from demo.service.requests import InvalidRequestError, parse_items
from demo.stock.quantities import OutOfStockError, look_up, reserve

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Engine


def create_app(engine: Engine) -> Flask:
    """The application over an opened database."""
    app = new_app("stock")
    add_fault_switch(app)

    @app.get("/stock/<sku>")
    def quantity(sku: str) -> ResponseReturnValue:
        trace.get_current_span().set_attribute("shop.sku", sku)
        with engine.connect() as connection:
            found = look_up(connection, [sku])
        if sku not in found:
            return error(404, f"no product {sku}")
        return jsonify(sku=sku, quantity=found[sku])

    @app.post("/reserve")
    def reservation() -> ResponseReturnValue:
        wanted = parse_items(request.get_json(silent=True))
        trace.get_current_span().set_attribute("shop.sku", next(iter(wanted)))
        reserve(engine, wanted)
        return jsonify(reserved=wanted)

    @app.errorhandler(InvalidRequestError)
    def invalid(exception: InvalidRequestError) -> ResponseReturnValue:
        return error(400, str(exception))

    @app.errorhandler(OutOfStockError)
    def out_of_stock(exception: OutOfStockError) -> ResponseReturnValue:
        return error(409, str(exception))

    @app.errorhandler(OverloadedError)
    def overloaded(exception: OverloadedError) -> ResponseReturnValue:
        trace.get_current_span().record_exception(exception)
        return error(503, str(exception))

    return app
