"""Key rotation: everything sealed is sealed anew under the first key, every address indexed anew.

Put the new encryption key first and keep the old one behind it, run this, then drop the old one.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, select, text, update

from gateway.privacy import Vault
from gateway.tables import (
    consultation,
    contact,
    health_worker,
    inbox,
    join_code,
    outbox,
)
from gateway.wiring import Gateway

BATCH = 500
SEALED: tuple[tuple[Table, str], ...] = (
    (contact, "address_sealed"),
    (health_worker, "address_sealed"),
    (health_worker, "supervisor_sealed"),
    (join_code, "supervisor_sealed"),
    (inbox, "body_sealed"),
    (outbox, "body_sealed"),
    (consultation, "case_sealed"),
    (consultation, "answer_sealed"),
)
INDEXED: tuple[Table, ...] = (contact, health_worker)


def rotate_keys(gateway: Gateway) -> tuple[int, int]:
    """Values sealed anew, and addresses indexed anew. Raises UndecipherableError.

    Sealing runs beside a working gateway, in batches. After a change of the address key, web and
    worker must be stopped: until an address is indexed anew it would not be recognised.
    """
    resealed = sum(_reseal(gateway, table, column) for table, column in SEALED)
    with gateway.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        reindexed = sum(_reindex(connection, gateway.vault, table) for table in INDEXED)
        if reindexed:
            # These digests are only compared within half an hour, and cannot be made anew.
            connection.execute(update(inbox).values(body_index=None))
    return resealed, reindexed


def _reseal(gateway: Gateway, table: Table, column: str) -> int:
    done, last = 0, 0
    while True:
        with gateway.engine.begin() as connection:
            rows = connection.execute(
                select(table.c.id, table.c[column])
                .where(table.c.id > last, table.c[column].is_not(None))
                .order_by(table.c.id)
                .limit(BATCH)
            ).all()
            for row_id, sealed in rows:
                connection.execute(
                    update(table)
                    # A row that was written meanwhile is already under the first key.
                    .where(table.c.id == row_id, table.c[column] == sealed)
                    .values({column: gateway.vault.reseal(sealed)})
                )
        if not rows:
            return done
        done, last = done + len(rows), rows[-1][0]


def _reindex(connection: Connection, vault: Vault, table: Table) -> int:
    changed = 0
    for row_id, index, sealed in connection.execute(
        select(table.c.id, table.c.address_index, table.c.address_sealed)
    ).all():
        address = vault.open(sealed)
        wanted = vault.index(address)
        if address and bytes(index) != wanted:
            connection.execute(
                update(table).where(table.c.id == row_id).values(address_index=wanted)
            )
            changed += 1
    return changed
