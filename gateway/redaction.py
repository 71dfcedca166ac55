"""Blanks bodies at the provider after delivery, where the setting and the account allow it."""

from __future__ import annotations

from sqlalchemy import select

from gateway.channel import Failure, SendError
from gateway.store import outbox as outbox_store
from gateway.tables import inbox, outbox
from gateway.wiring import Gateway


def redact_pair(gateway: Gateway, outbox_id: int) -> None:
    """Blanks a delivered reply and the message it answers. Raises SendError while that may pass."""
    with gateway.engine.begin() as connection:
        row = connection.execute(
            select(outbox.c.provider_sid, inbox.c.message_sid)
            .select_from(outbox.outerjoin(inbox, inbox.c.id == outbox.c.inbox_id))
            .where(outbox.c.id == outbox_id)
        ).one_or_none()
    if row is None:
        return
    for sid in (row.provider_sid, row.message_sid):
        if sid is not None and not sid.startswith("form-"):
            _redact(gateway, sid)
    with gateway.engine.begin() as connection:
        outbox_store.record(connection, outbox_id, redacted_at=gateway.now())


def _redact(gateway: Gateway, sid: str) -> None:
    try:
        gateway.provider.redact(sid)
    except SendError as error:
        # An account that may not redact, or a message that is gone, will not change by waiting.
        if error.failure is not Failure.REFUSED:
            raise
