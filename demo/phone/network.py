"""What the parts of the network share: account, messages, faults, clock, the way to webhooks."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from demo.phone.faults import Faults
from demo.phone.message import Account
from demo.phone.scheduler import Scheduler
from demo.phone.store import MessageStore
from demo.phone.webhooks import WebhookCaller


class Refused(Exception):  # noqa: N818 - the provider's word for it
    """A request the provider does not take: Twilio's code and the HTTP status."""

    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(f"error {code}, HTTP {status}")
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """How the account is set up; `webhook_url` may carry Twilio's connection overrides."""

    account: Account
    webhook_url: str | None = None
    fallback_url: str | None = None
    step_seconds: float = 0.4  # between two statuses of a message
    capacity: int = 20_000  # messages kept
    signs_fragment: bool = False  # whether signatures cover the overrides, too


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random_hex() -> str:
    return secrets.token_hex(16)


class Network:
    """Everything between the phones and the application. Safe to use from many threads."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        now: Callable[[], datetime] = _utc_now,
        new_hex: Callable[[], str] = _random_hex,
    ) -> None:
        self.configuration = configuration
        self.account = configuration.account
        self.store = MessageStore(configuration.capacity)
        self.faults = Faults()
        self.scheduler = Scheduler()
        self.caller = WebhookCaller(
            self.account.auth_token, signs_fragment=configuration.signs_fragment
        )
        self.now = now
        self.new_hex = new_hex
        self.base_url = ""  # where media can be fetched; set when the server listens

    def configure_webhook(self, url: str, fallback_url: str | None = None) -> None:
        """Set where texts from the phones are told, from the next one on."""
        self.configuration = replace(self.configuration, webhook_url=url, fallback_url=fallback_url)

    def close(self) -> None:
        """Stop carrying; messages under way stay where they are."""
        self.scheduler.stop()
        self.caller.close()
