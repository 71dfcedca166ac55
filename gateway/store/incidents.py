"""What a person must look at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.tables import incident


def open_incident(
    connection: Connection,
    *,
    kind: str,
    dedupe_key: str,
    now: datetime,
    contact_id: int | None = None,
    consultation_id: int | None = None,
    inbox_id: int | None = None,
    outbox_id: int | None = None,
    reason: str = "",
) -> bool:
    """Records an incident; False if it stands already. `reason` is a code or a fixed sentence."""
    made = connection.execute(
        pg_insert(incident)
        .values(
            kind=kind,
            dedupe_key=dedupe_key,
            contact_id=contact_id,
            consultation_id=consultation_id,
            inbox_id=inbox_id,
            outbox_id=outbox_id,
            reason=reason,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(incident.c.id)
    )
    return made.one_or_none() is not None
