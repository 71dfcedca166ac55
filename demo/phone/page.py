"""The page that is a phone: its files and the few calls behind it. Loopback only, no sign-in."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_from_directory
from werkzeug.exceptions import BadRequest, Forbidden, NotFound, UnsupportedMediaType

from demo.phone.examples import EXAMPLES, PEOPLE
from demo.phone.inbound import receive
from demo.phone.message import Channel, Message, address, is_address
from demo.phone.network import Network
from demo.phone.thread import thread_json

# What the page may ask of whoever runs the parts: "status", "stop" or "start" of the inference
# service; the answer is its state ("running", "starting", "stopped", ...).
InferenceControl = Callable[[str], str]

MAX_TEXT_CHARACTERS = 10_000  # more than a phone lets through: long texts are worth trying, too
MAX_WAIT_SECONDS = 20.0
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_blueprint(network: Network, control: InferenceControl | None) -> Blueprint:
    """The phone at `/`, its files under `/web`, its calls under `/phone`."""
    bp = Blueprint("page", __name__, static_folder="web", static_url_path="/web")

    @bp.before_request
    def only_local() -> None:
        # a page elsewhere could reach 127.0.0.1 through the browser: by name (rebinding, stopped
        # here) or by a plain form (stopped by asking for JSON)
        if request.host.rpartition(":")[0] not in _LOCAL_HOSTS and request.host not in _LOCAL_HOSTS:
            raise Forbidden("the phone is served on 127.0.0.1 and localhost only")
        if request.method == "POST" and not request.is_json:
            raise UnsupportedMediaType("JSON expected")

    @bp.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _CONTENT_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    @bp.get("/")
    def phone() -> Response:
        return send_from_directory("web", "phone.html")

    @bp.get("/phone/setup")
    def setup() -> Response:
        return jsonify(
            people=PEOPLE,
            examples=EXAMPLES,
            service_number=network.account.number,
            has_control=control is not None,
        )

    @bp.get("/phone/thread")
    def thread() -> Response:
        number, channel = _who(request.args)
        since = request.args.get("since", -1, type=int)
        wait_seconds = min(request.args.get("wait", 0.0, type=float), MAX_WAIT_SECONDS)
        store = network.store
        store.wait_for(lambda: store.version != since, wait_seconds)
        version = store.version
        messages = store.select(_between(number, channel))
        return jsonify(version=version, **thread_json(messages, network.now()))

    @bp.post("/phone/messages")
    def send() -> tuple[Response, int]:
        values = _object(request.get_json())
        number, channel = _who(values)
        text = values.get("text", "")
        if not isinstance(text, str) or len(text) > MAX_TEXT_CHARACTERS:
            raise BadRequest(f"text: at most {MAX_TEXT_CHARACTERS} characters expected")
        name = next((p["name"] for p in PEOPLE if p["number"] == number), "Health worker")
        message = receive(
            network,
            number,
            text,
            channel=channel,
            with_photo=values.get("photo") is True,
            profile_name=name,
        )
        return jsonify(sid=message.sid), 202

    @bp.get("/phone/inference")
    def inference() -> Response:
        return _control("status")

    @bp.post("/phone/inference")
    def change_inference() -> Response:
        wish = _object(request.get_json()).get("wish")
        if wish not in ("stop", "start"):
            raise BadRequest("wish: «stop» or «start» expected")
        return _control(wish)

    def _control(wish: str) -> Response:
        if control is None:
            raise NotFound("nobody here runs the inference service")
        return jsonify(state=control(wish))

    return bp


def _object(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise BadRequest("a JSON object expected")
    return values


def _who(values: Any) -> tuple[str, Channel]:
    number, channel = values.get("number", ""), values.get("channel", "")
    if not isinstance(number, str) or not is_address(number) or not number.startswith("+"):
        raise BadRequest("number: +, the country, and the rest in digits expected")
    if channel not in list(Channel):
        raise BadRequest("channel: «sms» or «whatsapp» expected")
    return number, Channel(channel)


def _between(number: str, channel: Channel) -> Callable[[Message], bool]:
    theirs = address(number, channel)
    return lambda message: theirs in (message.sender, message.recipient)
