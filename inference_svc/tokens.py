"""Bearer tokens of callers: a file of hashes, read again when it changes. Never holds a token.

One line per token: `caller scope,scope sha256:HEX [expires=2027-01-31T00:00:00Z]`; several lines
may name one caller, so that tokens can be replaced without a gap. `#` starts a comment.
Tokens are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import structlog

_LINE = re.compile(
    r"(?P<caller>[A-Za-z0-9._-]{1,64})\s+(?P<scopes>[a-z,]+)\s+sha256:(?P<digest>[0-9a-f]{64})"
    r"(\s+expires=(?P<expires>\S+))?"
)


class Scope(StrEnum):
    """What a token permits."""

    ASSESS = "assess"
    INFO = "info"
    PRIORITY = "priority"


class TokensError(Exception):
    """A tokens file that cannot be read; tells the line, never its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one token gives: a caller's name, scopes, and until when."""

    caller: str
    scopes: frozenset[Scope]
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token just made: shown once; only `line` is kept."""

    token: str
    line: str

    def __repr__(self) -> str:
        return "NewToken(…)"


def new_token(caller: str, scopes: frozenset[Scope], expires: datetime | None = None) -> NewToken:
    """Make a random token and the line that lets it in."""
    token = "chewie_" + secrets.token_urlsafe(32)
    until = f" expires={expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if expires else ""
    line = f"{caller} {','.join(sorted(scopes))} sha256:{digest_of(token)}{until}"
    parse_tokens(line)
    return NewToken(token=token, line=line)


def digest_of(token: str) -> str:
    """SHA-256 of a token, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def parse_tokens(text: str) -> Mapping[str, Grant]:
    """Return grants by digest. Raises `TokensError` with the number of the first wrong line."""
    grants: dict[str, Grant] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.split("#", 1)[0].strip()
        if not stripped:
            continue
        found = _LINE.fullmatch(stripped)
        if not found:
            raise TokensError(
                f"line {number}: expected «caller scope,scope sha256:HEX [expires=TIME]»"
            )
        grants[found["digest"]] = _grant(found, number)
    return grants


def _grant(found: re.Match[str], number: int) -> Grant:
    try:
        scopes = frozenset(Scope(name) for name in found["scopes"].split(","))
        expires = datetime.fromisoformat(found["expires"]) if found["expires"] else None
    except ValueError as error:
        raise TokensError(f"line {number}: {error}") from None
    if expires is not None and expires.tzinfo is None:
        raise TokensError(f"line {number}: expires needs a time zone, such as a final Z")
    return Grant(caller=found["caller"], scopes=scopes, expires=expires)


class TokenBook:
    """The tokens file as it stands now; a broken new version leaves the last good one in force."""

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._log = structlog.get_logger("tokens")
        self._seen = self._stamp()
        self._grants = self._read()

    def grant_of(self, token: str) -> Grant | None:
        """Return what a token gives, or None when it is unknown or expired."""
        self._reload_if_changed()
        grant = self._grants.get(digest_of(token))
        if grant is None or (grant.expires is not None and grant.expires <= self._now()):
            return None
        return grant

    def _read(self) -> Mapping[str, Grant]:
        return parse_tokens(self._path.read_text("utf-8"))

    def _stamp(self) -> tuple[int, int, int]:
        stat = self._path.stat()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _reload_if_changed(self) -> None:
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return
            self._grants, self._seen = self._read(), stamp
            self._log.info("tokens_reloaded", tokens=len(self._grants))
        except (OSError, UnicodeDecodeError, TokensError) as error:
            self._log.error("tokens_not_reloaded", error=type(error).__name__)
