"""Settings of the phone, read once from the environment (`CHEWIE_PHONE_*`)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from demo.phone.message import Account


class PhoneSettings(BaseSettings):
    """Where the phone listens, which account it plays, and where the gateway's webhook is."""

    model_config = SettingsConfigDict(env_prefix="CHEWIE_PHONE_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    account_sid: str = Field(pattern=r"AC[0-9a-f]{32}")
    auth_token: SecretStr
    number: str = Field(default="+447700900500", pattern=r"\+[1-9][0-9]{6,14}")
    webhook_url: str = Field(pattern=r"https?://.+")
    fallback_url: str | None = Field(default=None, pattern=r"https?://.+")
    step_seconds: float = Field(default=0.4, ge=0, le=60)
    capacity: int = Field(default=5_000, ge=1, le=1_000_000)
    signs_fragment: bool = False
    control_dir: Path | None = None  # where the runner of the parts can be asked

    def account(self) -> Account:
        """The account that these settings describe."""
        return Account(
            sid=self.account_sid,
            auth_token=self.auth_token.get_secret_value(),
            number=self.number,
        )
