"""A Flask application with the parts that every service of the shop has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, jsonify, request
from opentelemetry import trace
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

CORRELATION_HEADERS = {"X-Correlation-ID": "k6.correlation_id", "X-Test-Scenario": "test.scenario"}


def new_app(service: str) -> Flask:
    """An application that answers /healthz, reports errors as JSON and marks its spans."""
    app = Flask(service)
    app.before_request(_mark_span)
    app.register_error_handler(HTTPException, _http_error)

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(service=service, status="ok")

    return app


def correlation_headers() -> dict[str, str]:
    """The correlation headers of the current request, to be sent on to the next service."""
    return {header: request.headers[header] for header in CORRELATION_HEADERS if header in request.headers}


def error(status: int, message: str) -> ResponseReturnValue:
    """A JSON answer {"error": message}."""
    return jsonify(error=message), status


def _mark_span() -> None:
    span = trace.get_current_span()
    for header, attribute in CORRELATION_HEADERS.items():
        if value := request.headers.get(header):
            span.set_attribute(attribute, value)


def _http_error(exception: HTTPException) -> ResponseReturnValue:
    return error(exception.code or 500, exception.description or exception.name)
