"""The gateway's settings: read once from the environment into one frozen object.

Every name begins with CHEWIE_GATEWAY_. A secret may stand in a file instead: NAME_FILE holds its
path. All errors are told together, as sentences. Nothing else in the room reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "CHEWIE_GATEWAY_"

Secrets = Annotated[tuple[SecretStr, ...], NoDecode]


class SettingsError(Exception):
    """What is wrong with the settings, one sentence a line."""


class Settings(BaseSettings):
    """See gateway/README.md for the table of settings. Units stand in the names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    database_url: SecretStr = Field(description="Postgres, as a URL; data and queue live in it")
    public_url: str = Field(description="URL under which Twilio reaches this gateway")

    twilio_account_sid: str = Field(description="account SID, AC and 32 hex digits")
    twilio_auth_tokens: Secrets = Field(
        min_length=1, description="auth tokens, comma between; the first one sends"
    )
    twilio_api_base_url: str = Field(
        default="https://api.twilio.com", description="where the REST API is; a local one in tests"
    )
    twilio_sms_from: str = Field(description="our number for SMS, E.164")
    twilio_whatsapp_from: str = Field(default="", description="our WhatsApp number; empty: none")
    twilio_timeout_seconds: float = Field(default=10, gt=0, le=60, description="per REST call")
    twilio_redact_bodies: bool = Field(
        default=False, description="blank bodies at Twilio after delivery, where the account may"
    )

    encryption_keys: Secrets = Field(
        min_length=1, description="Fernet keys, comma between; the first one encrypts"
    )
    address_key: SecretStr = Field(description="HMAC key that finds addresses, 32 characters up")

    inference_target: str = Field(default="127.0.0.1:50051", description="host:port of the service")
    inference_token: SecretStr = Field(default=SecretStr(""), description="bearer token, or empty")
    inference_tls_ca_file: Path | None = Field(default=None, description="CA certificates, PEM")
    inference_tls_cert_file: Path | None = Field(default=None, description="client cert, PEM")
    inference_tls_key_file: Path | None = Field(default=None, description="client key, PEM")
    assess_deadline_seconds: float = Field(
        default=20, gt=0, le=120, description="all attempts together; then the rules answer"
    )
    assess_attempts: int = Field(default=2, ge=1, le=5, description="tries within the deadline")

    web_bind: str = Field(default="127.0.0.1:8000", description="address of the web process")
    web_workers: int = Field(default=2, ge=1, le=64, description="gunicorn worker processes")
    web_threads: int = Field(default=12, ge=1, le=64, description="threads in each of them")
    max_request_bytes: int = Field(default=65_536, ge=4_096, description="larger requests get 413")
    worker_concurrency: int = Field(default=8, ge=1, le=64, description="jobs at a time")
    stalled_seconds: float = Field(
        default=15, ge=2, le=600, description="without heartbeat for so long: the job is rescued"
    )

    demo: bool = Field(
        default=False, description="unregistered senders are enrolled; every reply says DEMO"
    )
    default_language: str = Field(default="en", pattern="^(en|fr|sw)$", description="en, fr or sw")
    quiet_seconds: float = Field(
        default=4, ge=0, le=120, description="a burst is merged until so long nothing came"
    )
    burst_cap_seconds: float = Field(
        default=20, ge=0, le=600, description="but no message waits longer than this"
    )
    case_idle_minutes: int = Field(
        default=120, ge=1, description="after so long the next text opens a new case"
    )
    case_life_hours: int = Field(default=24, ge=1, description="no case stays open longer")
    sms_segments: int = Field(default=1, ge=1, le=2, description="segments of a usual reply")
    validity_seconds: int = Field(
        default=14_400, ge=60, le=36_000, description="Twilio drops a reply older than this"
    )
    late_minutes: int = Field(default=10, ge=1, description="a later answer says how old it is")

    sender_messages_per_hour: int = Field(default=60, ge=1, description="from one address")
    global_messages_per_minute: int = Field(default=30_000, ge=1, description="from all together")
    turn_away_hours: int = Field(
        default=24, ge=1, description="an unregistered sender is answered once in this time"
    )
    retention_days: int = Field(default=90, ge=1, description="texts are kept so long")
    follow_up_hours_emergency: float = Field(
        default=4, gt=0, description="«reached?» is asked then"
    )
    follow_up_hours_urgent: float = Field(default=24, gt=0, description="likewise, same-day cases")
    follow_up_hours_routine: float = Field(default=48, gt=0, description="«better?» is asked then")
    follow_up_hours_home: float = Field(default=48, gt=0, description="likewise, home care")
    reconcile_minutes: float = Field(
        default=5, ge=0, description="how often Twilio's list is compared; 0: never"
    )
    reconcile_hours_back: float = Field(default=6, gt=0, le=168, description="how far it looks")
    alert_address: str = Field(default="", description="number that hears of failures; or empty")

    metrics_token: SecretStr = Field(
        default=SecretStr(""), description="bearer token for /metrics; empty: loopback only"
    )
    worker_metrics_bind: str = Field(
        default="", description="host:port where the worker shows its metrics; empty: nowhere"
    )
    otlp_endpoint: str = Field(default="", description="OTLP gRPC collector for traces; empty: off")
    console: bool = Field(default=False, description="the supervisor page at /console")
    console_host: str = Field(default="", description="only on this host name; empty: on any")
    console_session_minutes: int = Field(default=30, ge=1, description="idle sign-out")
    console_insecure_cookie: bool = Field(
        default=False, description="cookie without Secure, for plain http on a laptop"
    )

    @field_validator("twilio_auth_tokens", "encryption_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _are_fernet_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for position, key in enumerate(keys, start=1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                msg = f"key {position} is not a Fernet key (44 characters of URL-safe base64)"
                raise ValueError(msg) from None
        return keys

    @field_validator("address_key")
    @classmethod
    def _is_long_enough(cls, key: SecretStr) -> SecretStr:
        if len(key.get_secret_value()) < 32:
            raise ValueError("expected at least 32 characters")
        return key

    @field_validator("public_url", "twilio_api_base_url")
    @classmethod
    def _is_http_url(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("expected a URL that begins with http:// or https://")
        return url.rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `settings_from` hands in: the environment is read in one place."""
        return (init_settings,)


def settings_from(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of an environment, os.environ by default.

    Raises SettingsError with one sentence for each thing that is wrong.
    """
    values, complaints = _values_of(os.environ if environ is None else environ)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        complaints += [_sentence(item) for item in error.errors(include_input=False)]
    if complaints:
        raise SettingsError("\n".join(complaints))
    return settings


def _values_of(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    complaints: list[str] = []
    for name, value in environ.items():
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key in Settings.model_fields:
            values[key] = value
        elif key.endswith("_file") and key.removesuffix("_file") in Settings.model_fields:
            try:
                values[key.removesuffix("_file")] = Path(value).read_text("utf-8").strip()
            except OSError as error:
                complaints.append(f"{name}: cannot read the file it names ({error.strerror}).")
        else:
            complaints.append(f"{name}: no such setting; gateway/README.md lists them.")
    return values, complaints


def _sentence(error: Any) -> str:
    name = PREFIX + str(error["loc"][0]).upper() if error["loc"] else PREFIX + "*"
    if error["type"] == "missing":
        field = Settings.model_fields[str(error["loc"][0])]
        return f"{name}: must be set ({field.description})."
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{name}: {message[0].lower()}{message[1:]}."
