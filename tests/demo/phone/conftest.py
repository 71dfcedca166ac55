"""An application for the local Twilio to call: it checks signatures and keeps what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, request
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from werkzeug.serving import make_server

from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio


@dataclass
class Told:
    """One webhook call as the application saw it."""

    path: str
    form: dict[str, str]
    genuine: bool
    headers: dict[str, str]


@dataclass
class Application:
    """A web application that answers with `statuses` in turn, then with 200."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self) -> int:
        form = request.form.to_dict()
        signature = request.headers.get("X-Twilio-Signature", "")
        genuine = RequestValidator(TEST_ACCOUNT.auth_token).validate(request.url, form, signature)
        with self.changed:
            self.told.append(Told(request.full_path, form, genuine, dict(request.headers)))
            self.changed.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def statuses_told(self) -> list[str]:
        return [told.form["MessageStatus"] for told in self.told if "MessageStatus" in told.form]

    def wait(self, condition: Callable[[Application], bool], timeout_seconds: float = 90) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: condition(self), timeout_seconds)


@pytest.fixture
def application() -> Iterator[Application]:
    flask = Flask("application")
    application = Application()

    @flask.post("/<path:_>")
    def take(_: str) -> tuple[str, int]:
        return "<Response/>", application.take()

    server = make_server("127.0.0.1", 0, flask, threaded=True)
    server.log = lambda *_: None  # type: ignore[method-assign]
    application.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield application
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def twilio(application: Application) -> Iterator[LocalTwilio]:
    with LocalTwilio(webhook_url=f"{application.url}/messages") as twilio:
        yield twilio


class _LocalHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client, sent to another host."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=10)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        url = url.replace("https://api.twilio.com", self._base_url)
        return super().request(method, url, *args, **kwargs)


@pytest.fixture
def sdk(twilio: LocalTwilio) -> Iterator[Client]:
    http = _LocalHttpClient(twilio.base_url)
    yield Client(twilio.account.sid, twilio.account.auth_token, http_client=http)
    if http.session is not None:
        http.session.close()
