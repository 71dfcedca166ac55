"""The network's own switchboard, which Twilio does not have: faults on demand, and counts."""

import hmac
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from demo.phone.faults import Fault, FaultKind
from demo.phone.message import Direction
from demo.phone.network import Network


def admin_blueprint(network: Network) -> Blueprint:
    """`/admin/faults` (GET, POST, DELETE) and `/admin/counts`, with the account's credentials."""
    bp = Blueprint("admin", __name__, url_prefix="/admin")

    @bp.before_request
    def authenticate() -> tuple[Response, int] | None:
        credentials = request.authorization
        if credentials is not None and hmac.compare_digest(
            f"{credentials.username}:{credentials.password}",
            f"{network.account.sid}:{network.account.auth_token}",
        ):
            return None
        return jsonify(error="account sid and auth token expected"), 401

    @bp.get("/faults")
    def standing() -> Response:
        return jsonify([asdict(fault) for fault in network.faults.active()])

    @bp.post("/faults")
    def add() -> tuple[Response, int]:
        try:
            fault = _fault(request.get_json())
            network.faults.add(fault)
        except (TypeError, ValueError) as error:
            return jsonify(error=str(error)), 400
        return jsonify(asdict(fault)), 201

    @bp.delete("/faults")
    def clear() -> tuple[str, int]:
        network.faults.clear()
        return "", 204

    @bp.get("/counts")
    def counts() -> Response:
        messages = network.store.select(lambda _: True)
        by_direction = {d: sum(m.direction is d for m in messages) for d in Direction}
        return jsonify(messages=by_direction, faults=network.faults.taken())

    return bp


def _fault(values: Any) -> Fault:
    if not isinstance(values, dict):
        raise TypeError("a JSON object expected")
    return Fault(**{**values, "kind": FaultKind(str(values.get("kind")))})
