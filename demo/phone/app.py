"""Puts the phone's parts behind one Flask application."""

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from demo.phone.admin import admin_blueprint
from demo.phone.network import Network
from demo.phone.page import InferenceControl, page_blueprint
from demo.phone.rest import rest_blueprint

MAX_REQUEST_BYTES = 256 * 1024


def create_app(network: Network, control: InferenceControl | None = None) -> Flask:
    """The REST API, the switchboard and the page over one network."""
    app = Flask("demo.phone", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.register_blueprint(rest_blueprint(network))
    app.register_blueprint(admin_blueprint(network))
    app.register_blueprint(page_blueprint(network, control))

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(ok=True)

    @app.errorhandler(HTTPException)
    def told(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500

    return app
