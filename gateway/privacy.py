"""Encryption of texts and addresses at rest, and the keyed index by which an address is found.

Pure apart from randomness inside Fernet. Does not know tables: rotation is in `rotation`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from gateway.settings import Settings


class UndecipherableError(Exception):
    """No configured key opens this value: a key was dropped before `rotate-keys` ran."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Encrypts with the first key, reads with any; indexes with the HMAC key."""

    fernet: MultiFernet = field(repr=False)
    address_key: bytes = field(repr=False)

    def seal(self, text: str) -> bytes:
        """Fernet token of `text`."""
        return self.fernet.encrypt(text.encode("utf-8"))

    def open(self, token: bytes) -> str:
        """Text of a token. Raises UndecipherableError."""
        try:
            return self.fernet.decrypt(bytes(token)).decode("utf-8")
        except InvalidToken as error:
            raise UndecipherableError("no configured encryption key opens this value") from error

    def open_or_none(self, token: bytes | None) -> str | None:
        """Text of a token, None for a value that retention has removed."""
        return None if token is None else self.open(token)

    def reseal(self, token: bytes) -> bytes:
        """The same text under the first key. Raises UndecipherableError."""
        try:
            return self.fernet.rotate(bytes(token))
        except InvalidToken as error:
            raise UndecipherableError("no configured encryption key opens this value") from error

    def index(self, value: str, *, purpose: str = "address") -> bytes:
        """Keyed digest (32 bytes) by which a value is found without being stored."""
        message = f"{purpose}\0{value}".encode()
        return hmac.new(self.address_key, message, hashlib.sha256).digest()


def vault_from(settings: Settings) -> Vault:
    """The vault of the configured keys."""
    keys = [Fernet(key.get_secret_value()) for key in settings.encryption_keys]
    return Vault(MultiFernet(keys), settings.address_key.get_secret_value().encode())


def sid_hash(provider: str, message_sid: str) -> bytes:
    """Unkeyed digest of a provider's message id: outlives retention and key rotation.

    A SID is 128 random bits, so the digest tells nothing of the sender.
    """
    return hashlib.sha256(f"{provider}\0{message_sid}".encode()).digest()
