"""One move with everything it needs, and the fixed answer to it. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.conversation import Move
from gateway.gsm7 import fold_if_it_helps
from gateway.phrases import say
from gateway.store import outbox
from gateway.store.contacts import Contact
from gateway.store.inbox import WaitingMessage
from gateway.store.outbox import Draft
from gateway.wiring import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """One move with everything it needs."""

    gateway: Gateway
    connection: Connection
    contact: Contact
    move: Move
    messages: Sequence[WaitingMessage]
    now: datetime
    language: str

    @property
    def last(self) -> WaitingMessage:
        """The message that is answered."""
        return self.messages[-1]

    @property
    def tag(self) -> str:
        """Tag of the case the move is about; empty without one."""
        return f"K{self.move.case_id}" if self.move.case_id is not None else ""

    def say(self, code: str, **values: str) -> str:
        """A fixed sentence in the worker's language."""
        return say(code, self.language, **values).strip()


def reply(doing: Doing, body: str, *, kind: str = "reply", case_id: int | None = None) -> None:
    """One fixed answer to the turn's last message."""
    demo = "DEMO " if doing.gateway.settings.demo else ""
    outbox.add_draft(
        doing.connection,
        doing.gateway.vault,
        Draft(
            dedupe_key=f"reply:{doing.last.id}",
            contact_id=doing.contact.id,
            consultation_id=case_id if case_id is not None else doing.move.case_id,
            inbox_id=doing.last.id,
            kind=kind,
            body=fold_if_it_helps(demo + body),
            asked_at=doing.messages[0].received_at,
        ),
        doing.now,
    )
