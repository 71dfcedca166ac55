"""The demo installation's own secrets: made once, kept for its user alone, never shown."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSecrets:
    """Account and keys of this installation; all but the account stay out of reprs."""

    account_sid: str
    auth_token: str = field(repr=False)
    encryption_key: str = field(repr=False)
    address_key: str = field(repr=False)
    console_password: str = field(repr=False)


def keep_secrets(path: Path) -> DemoSecrets:
    """Read the secrets of an earlier run, or make them (mode 0600, written beside and renamed)."""
    try:
        return DemoSecrets(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        made = new_secrets()
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(made), file)
    beside.rename(path)
    return made


def new_secrets() -> DemoSecrets:
    """Fresh random secrets, in the forms that Twilio and the gateway use."""
    return DemoSecrets(
        account_sid=f"AC{secrets.token_hex(16)}",
        auth_token=secrets.token_hex(16),
        encryption_key=Fernet.generate_key().decode(),
        address_key=secrets.token_urlsafe(48),
        console_password=secrets.token_urlsafe(9),
    )
