"""A process may die before or after every commit and every send: nothing is lost, nothing twice."""

import contextlib
import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text

from gateway.channel import Accepted
from gateway.consultation import ConversationMovedError, answer_contact
from gateway.delivery import deliver
from gateway.first_reading import read_first
from gateway.tables import inbox, metadata, outbox

TEXTS = [
    "2yr old fitting",
    "child 3 yrs runny nose eats and plays",
    "NEW man 40 years cough",
    "1",
    "2",
    "0",
    "thanks",
    "",
    "SW",
]


class ProcessDied(BaseException):
    """SIGKILL, as far as code can feel it."""


@dataclass
class Fuse:
    """Burns at the n-th point where a process may die; 0 never."""

    left: int = 0

    def point(self):
        if self.left:
            self.left -= 1
            if self.left == 0:
                raise ProcessDied


@dataclass
class DyingEngine:
    """The real engine, with a point before and after each commit."""

    engine: object
    fuse: Fuse

    @contextlib.contextmanager
    def begin(self):
        with self.engine.begin() as connection:
            yield connection
            self.fuse.point()
        self.fuse.point()

    def dispose(self):
        self.engine.dispose()


@dataclass
class Counting:
    """A provider that counts, with a point before and after each message is taken."""

    fuse: Fuse
    sent: list = field(default_factory=list)

    def send(self, message):
        self.fuse.point()
        self.sent.append((message.outbox_id, message.address, message.body))
        sid = f"SM{len(self.sent):032d}"
        self.fuse.point()
        return Accepted(sid, "queued")

    def find_sent(self, message, since, known):
        for number, (_, address, body) in enumerate(self.sent, start=1):
            sid = f"SM{number:032d}"
            if (address, body) == (message.address, message.body) and sid not in known:
                return Accepted(sid, "queued")
        return None

    def redact(self, message_sid):
        """Not asked for here."""

    def received_since(self, since):
        return []


class Crashes(RuleBasedStateMachine):
    """Messages, jobs and deaths in any order. `talk` is set by the test."""

    talk = None
    clock = None

    def __init__(self):
        super().__init__()
        self.fuse = Fuse()
        whole = Crashes.talk.gateway
        self.provider = Counting(self.fuse)
        self.gateway = replace(
            whole, engine=DyingEngine(whole.engine, self.fuse), provider=self.provider
        )
        self.acknowledged = set()
        self.numbers = itertools.count(1)
        names = ", ".join(table.name for table in metadata.sorted_tables)
        with whole.engine.begin() as connection:
            connection.execute(
                text(f"TRUNCATE {names}, procrastinate_jobs RESTART IDENTITY CASCADE")
            )

    @rule(body=st.sampled_from(TEXTS), who=st.integers(0, 1), fuse=st.integers(0, 3))
    def a_text_comes(self, body, who, fuse):
        talk = Crashes.talk
        number = next(self.numbers)
        form = talk.form(body, MessageSid=f"SM{number}", From=f"+25470000000{who}")
        talk.client.application.extensions["gateway"] = self.gateway
        for attempt in (fuse, 0):  # Twilio tries again what was not acknowledged
            self.fuse.left = attempt
            with contextlib.suppress(ProcessDied):
                if talk.post(form).status_code == 200:
                    self.acknowledged.add(f"SM{number}")
                    break

    @rule(fuse=st.integers(0, 6), inbox_id=st.integers(1, 6))
    def a_message_is_read(self, fuse, inbox_id):
        self.run(fuse, lambda: read_first(self.gateway, inbox_id))

    @rule(fuse=st.integers(0, 8), contact_id=st.integers(1, 2))
    def a_contact_is_answered(self, fuse, contact_id):
        self.run(fuse, lambda: answer_contact(self.gateway, contact_id))

    @rule(fuse=st.integers(0, 8), contact_id=st.integers(1, 2))
    def replies_are_sent(self, fuse, contact_id):
        if contact_id in self.contacts():
            self.run(fuse, lambda: deliver(self.gateway, contact_id))

    @rule(fuse=st.integers(0, 30), inbox_id=st.integers(1, 6), contact_id=st.integers(1, 2))
    def a_worker_does_all_of_it(self, fuse, inbox_id, contact_id):
        def all_of_it():
            read_first(self.gateway, inbox_id)
            answer_contact(self.gateway, contact_id)
            deliver(self.gateway, contact_id)

        if contact_id in self.contacts():
            self.run(fuse, all_of_it)

    @rule(who=st.integers(0, 1), fuse=st.integers(1, 24))
    def an_emergency_meets_a_death(self, who, fuse):
        self.a_text_comes(body=TEXTS[0], who=who, fuse=0)
        for contact_id in self.contacts():
            newest = max(self.inbox_ids())
            self.a_worker_does_all_of_it(fuse=fuse, inbox_id=newest, contact_id=contact_id)

    @rule()
    def time_passes(self):
        Crashes.clock.forward(seconds=7)

    @invariant()
    def no_reply_went_out_twice(self):
        ids = [outbox_id for outbox_id, _, _ in self.provider.sent]
        assert len(ids) == len(set(ids))

    def run(self, fuse, job):
        self.fuse.left = fuse
        with contextlib.suppress(ProcessDied, ConversationMovedError):
            job()
        self.fuse.left = 0

    def inbox_ids(self):
        with Crashes.talk.gateway.engine.begin() as connection:
            return connection.execute(select(inbox.c.id)).scalars().all()

    def contacts(self):
        with Crashes.talk.gateway.engine.begin() as connection:
            return connection.execute(text("SELECT id FROM contact ORDER BY id")).scalars().all()

    def teardown(self):
        """In the end everything that was acknowledged is answered."""
        self.fuse.left = 0
        with Crashes.talk.gateway.engine.begin() as connection:
            waiting = connection.execute(select(inbox.c.id).where(inbox.c.read_at.is_(None)))
            unread = waiting.scalars().all()
        for inbox_id in unread:
            read_first(self.gateway, inbox_id)
        for contact_id in self.contacts():
            answer_contact(self.gateway, contact_id)
            for _ in range(4):
                deliver(self.gateway, contact_id)
                Crashes.clock.forward(seconds=7)
        with Crashes.talk.gateway.engine.begin() as connection:
            rows = connection.execute(select(inbox.c.message_sid, inbox.c.handling)).all()
            states = set(connection.execute(select(outbox.c.state)).scalars())
        assert {sid for sid, _ in rows} >= self.acknowledged
        assert all(handling for _, handling in rows)
        assert states <= {"sent"}
        self.no_reply_went_out_twice()


@pytest.fixture
def crashes(make_talk, clock):
    """The machine, bound to a gateway."""
    Crashes.talk, Crashes.clock = make_talk(sender_messages_per_hour=10_000), clock
    return Crashes


def run_machine(machine, examples, steps):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_death_at_any_point_loses_nothing_and_says_nothing_twice(crashes):
    run_machine(crashes, examples=25, steps=14)


@pytest.mark.soak
def test_a_thousand_histories_of_deaths(crashes):
    run_machine(crashes, examples=1_000, steps=30)
