"""The web application: webhooks, health, metrics, and the supervisor page where it is on."""

from __future__ import annotations

import hmac

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from gateway import metrics, webhooks
from gateway.console import views as console
from gateway.limits import GlobalLimit
from gateway.migrate import current_revision, head_revision
from gateway.settings import Settings
from gateway.wiring import Gateway, wire

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
LOOPBACK = frozenset({"127.0.0.1", "::1"})


def create_app(settings: Settings, gateway: Gateway | None = None) -> Flask:
    """The application for one process; connections are opened after fork, at first use."""
    app = Flask("gateway", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_request_bytes
    app.config["MAX_FORM_PARTS"] = 200
    app.extensions["gateway"] = gateway or wire(
        settings, pool_size=settings.web_threads, pre_ping=False
    )
    app.extensions["global_limit"] = GlobalLimit(settings.global_messages_per_minute)
    app.register_blueprint(webhooks.blueprint)
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)
    app.add_url_rule("/metrics", "metrics", show_metrics)
    if settings.console:
        app.register_blueprint(console.blueprint)
    app.after_request(_add_security_headers)
    app.register_error_handler(HTTPException, _plain_error)
    return app


def healthz() -> Response:
    """This process answers."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def readyz() -> Response:
    """This process can take a message: the database answers and has this code's schema."""
    try:
        with webhooks.wired().engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            revision = current_revision(connection)
    except SQLAlchemyError:
        return Response("database away\n", status=503)
    if revision < head_revision():
        # A newer schema is fine: versions only add. An older one lacks what this code reads.
        at = f"schema at {revision}" if revision else "no schema"
        return Response(f"{at}: run chewie-gateway migrate\n", status=503)
    return Response(f"ready at {revision}\n", content_type="text/plain; charset=utf-8")


def show_metrics() -> Response:
    """Prometheus metrics, for loopback or for the bearer of the configured token."""
    token = webhooks.wired().settings.metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "")
    allowed = (
        hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
        if token
        else request.remote_addr in LOOPBACK
    )
    if not allowed:
        return Response("forbidden\n", status=403)
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _add_security_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _plain_error(error: HTTPException) -> Response:
    metrics.REFUSED.labels(reason=str(error.code)).inc()
    body = f"{error.name}\n"
    return Response(body, status=error.code, content_type="text/plain; charset=utf-8")
