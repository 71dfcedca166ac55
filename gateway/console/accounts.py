"""Who may sign in: passwords by argon2, lockout after failures, sessions by a random token."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.tables import console_session, console_user

FAILURES_BEFORE_LOCK = 5
LOCK_MINUTES = 15
MIN_PASSWORD_CHARACTERS = 12
_hasher = PasswordHasher()
# Verified for unknown names, so that they take as long as known ones.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


class Role(StrEnum):
    """What a user may do, ascending."""

    VIEWER = "viewer"  # lists and counts
    SUPERVISOR = "supervisor"  # opens cases
    ADMIN = "admin"  # people, and lists to take out


RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A user with a valid session."""

    user_id: int
    name: str
    role: Role
    csrf_token: str

    def may(self, role: Role) -> bool:
        """Whether this user's role reaches that one."""
        return RANK[self.role] >= RANK[role]


def save_user(connection: Connection, name: str, password: str, role: Role, now: datetime) -> None:
    """Adds a user or sets a new password, and ends the user's sessions. Raises ValueError."""
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise ValueError(f"expected a password of at least {MIN_PASSWORD_CHARACTERS} characters")
    values = {
        "password_hash": _hasher.hash(password),
        "role": role.value,
        "failures": 0,
        "locked_until": None,
    }
    user_id = connection.execute(
        pg_insert(console_user)
        .values(name=name, created_at=now, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
        .returning(console_user.c.id)
    ).scalar_one()
    connection.execute(delete(console_session).where(console_session.c.user_id == user_id))


def sign_in(connection: Connection, name: str, password: str, now: datetime) -> str | None:
    """A session token, or None: unknown, wrong or locked are not told apart."""
    row = connection.execute(
        select(console_user).where(console_user.c.name == name).with_for_update()
    ).one_or_none()
    right = _matches(row.password_hash if row else _NOBODY, password)
    if row is None or (row.locked_until is not None and row.locked_until > now):
        return None
    if not right:
        failures = row.failures + 1
        lock = now + timedelta(minutes=LOCK_MINUTES) if failures >= FAILURES_BEFORE_LOCK else None
        _set_user(connection, row.id, failures=0 if lock else failures, locked_until=lock)
        return None
    _set_user(connection, row.id, failures=0, locked_until=None)
    token = secrets.token_urlsafe(32)
    connection.execute(
        pg_insert(console_session).values(
            token_hash=_digest(token),
            user_id=row.id,
            csrf_token=secrets.token_urlsafe(24),
            seen_at=now,
        )
    )
    return token


def session_of(
    connection: Connection, token: str, now: datetime, idle: timedelta
) -> SignedIn | None:
    """The user behind a token; a session that was idle for too long is over."""
    row = connection.execute(
        select(console_session, console_user.c.name, console_user.c.role)
        .join(console_user, console_user.c.id == console_session.c.user_id)
        .where(
            console_session.c.token_hash == _digest(token),
            console_session.c.seen_at > now - idle,
        )
    ).one_or_none()
    if row is None:
        return None
    connection.execute(
        update(console_session).where(console_session.c.id == row.id).values(seen_at=now)
    )
    return SignedIn(
        user_id=row.user_id, name=row.name, role=Role(row.role), csrf_token=row.csrf_token
    )


def sign_out(connection: Connection, token: str) -> None:
    """Ends one session."""
    connection.execute(
        delete(console_session).where(console_session.c.token_hash == _digest(token))
    )


def forget_old_sessions(connection: Connection, now: datetime, idle: timedelta) -> int:
    """Removes sessions that ended by rest; how many."""
    gone = connection.execute(delete(console_session).where(console_session.c.seen_at < now - idle))
    return gone.rowcount


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _set_user(connection: Connection, user_id: int, **values: object) -> None:
    connection.execute(update(console_user).where(console_user.c.id == user_id).values(**values))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
