"""Everything a use case needs, put together: the only module that names the adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine

from gateway.channel import Provider
from gateway.database import engine_from
from gateway.privacy import Vault, vault_from
from gateway.settings import Settings
from gateway.triage_client import Triage, TriageService
from gateway.twilio_channel import TwilioChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The parts of one running process. `now` gives aware UTC times."""

    settings: Settings
    engine: Engine = field(repr=False)
    vault: Vault = field(repr=False)
    provider: Provider = field(repr=False)
    triage: Triage = field(repr=False)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def close(self) -> None:
        """Lets go of connections."""
        self.triage.close()
        self.engine.dispose()


def wire(settings: Settings, *, pool_size: int = 5, pre_ping: bool = True) -> Gateway:
    """The gateway on its real adapters."""
    return Gateway(
        settings=settings,
        engine=engine_from(
            settings.database_url.get_secret_value(), pool_size=pool_size, pre_ping=pre_ping
        ),
        vault=vault_from(settings),
        provider=TwilioChannel(settings),
        triage=TriageService(settings),
    )
