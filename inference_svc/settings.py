"""Settings of the service, read once from the environment into a frozen object. No other I/O.

A profile gives the defaults that differ between a laptop and a GPU machine; the environment wins.
"""

from __future__ import annotations

import ipaddress
import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

ENV_PREFIX = "CHEWIE_INFERENCE_"


class EngineKind(StrEnum):
    """Which engine answers."""

    VLLM = "vllm"
    NONE = "none"


class Profile(StrEnum):
    """Which machine the defaults are for."""

    LAPTOP = "laptop"
    L4 = "l4"


PROFILE_DEFAULTS: dict[Profile, dict[str, Any]] = {
    Profile.LAPTOP: {
        "max_model_tokens": 4096,
        "max_running_requests": 16,
        "max_waiting_requests": 32,
        "enforce_eager": True,
        "drain_pause_seconds": 0.0,
        "drain_grace_seconds": 20.0,
    },
    Profile.L4: {
        "max_model_tokens": 8192,
        "max_running_requests": 32,
        "max_waiting_requests": 128,
        "enforce_eager": False,
        "drain_pause_seconds": 8.0,
        "drain_grace_seconds": 45.0,
    },
}


class SettingsError(Exception):
    """Every wrong setting at once, one line each, with the variable to change."""


class InferenceSettings(BaseSettings):
    """All settings. Each is the variable `CHEWIE_INFERENCE_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    engine: EngineKind = Field(EngineKind.VLLM, description="vllm, or none: the rules alone answer")
    profile: Profile = Field(Profile.LAPTOP, description="laptop or l4: defaults by machine")
    demo: bool = Field(
        False, description="allow a demo checkpoint, and loopback callers without token"
    )
    model_path: Path | None = Field(
        None, description="folder of the text-only checkpoint (needed with engine=vllm)"
    )
    model_name: str = Field("", description="name told in answers; empty: the checkpoint's own")

    host: str = Field("127.0.0.1", description="address that gRPC listens on")
    port: int = Field(50051, ge=0, le=65535, description="port of gRPC; 0 takes a free one")
    health_port: int | None = Field(
        None, ge=0, le=65535, description="plaintext health port; with TLS 50052 unless set"
    )
    metrics_host: str = Field("127.0.0.1", description="address that metrics listen on")
    metrics_port: int = Field(9464, ge=0, le=65535, description="HTTP port of /metrics; 0: free")
    reflection: bool = Field(False, description="server reflection; leave off in production")
    tell_model_answer: bool = Field(
        False,
        description="tell what the model alone chose, as codes in trailing metadata",
    )

    tokens_file: Path | None = Field(
        None, description="bearer tokens, hashed; reloaded on change (see «Tokens»)"
    )
    tls_cert_file: Path | None = Field(None, description="PEM chain; reloaded on change")
    tls_key_file: Path | None = Field(None, description="PEM key; reloaded on change")
    tls_client_ca_file: Path | None = Field(
        None, description="PEM of client CAs: turns mTLS on; reloaded on change"
    )

    max_model_tokens: int = Field(
        0, ge=256, le=131072, description="prompt plus output that the engine plans for, tokens"
    )
    max_output_tokens: int = Field(320, ge=16, le=1024, description="longest answer, tokens")
    max_running_requests: int = Field(
        0, ge=1, le=1024, description="generations that run together; more wait"
    )
    max_waiting_requests: int = Field(
        0, ge=0, le=4096, description="calls that may wait; more get RESOURCE_EXHAUSTED"
    )
    emergency_reserve: int = Field(
        4, ge=0, le=1024, description="places beyond the queue for emergencies by rules"
    )
    gpu_memory_share: float = Field(0.9, gt=0, le=1, description="share of GPU memory for vLLM")
    tensor_parallel: int = Field(
        1, ge=1, le=8, description="GPUs that share one model, for one too large for a single GPU"
    )
    cpu_kv_cache_gib: int = Field(1, ge=1, le=512, description="KV cache on a CPU, GiB")
    dtype: str = Field("auto", pattern="^(auto|bfloat16|float16|float32)$", description="weights")
    quantization: str = Field("", description="vLLM's method; empty: as the checkpoint says")
    speculative_ngram_tokens: int = Field(
        0, ge=0, le=16, description="tokens guessed ahead by n-gram lookup; 0: off"
    )
    enforce_eager: bool = Field(False, description="skip compilation: starts faster, runs slower")
    cache_dir: Path | None = Field(None, description="folder for compiled graphs, kept")

    max_concurrent_per_caller: int = Field(64, ge=1, description="calls of one caller at a time")
    max_calls_per_minute_per_caller: int = Field(3000, ge=1, description="rate of one caller")
    max_request_bytes: int = Field(1 << 20, ge=4096, description="largest request, bytes")
    min_time_left_seconds: float = Field(
        0.05, ge=0, description="a call with less left of its deadline is refused at once"
    )
    default_deadline_seconds: float = Field(
        60.0, gt=0, description="for a call that names no deadline"
    )
    idempotency_window_seconds: float = Field(600.0, ge=0, description="how long ids are kept")
    failures_until_not_serving: int = Field(
        3, ge=1, description="engine failures in a row that turn health off until a probe succeeds"
    )
    drain_pause_seconds: float = Field(
        0.0, ge=0, description="after SIGTERM: NOT_SERVING but still answering"
    )
    drain_grace_seconds: float = Field(
        0.0, ge=0, description="then: refuse new calls, let running ones finish"
    )

    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="debug logs every call"
    )
    otlp_endpoint: str = Field("", description="OpenTelemetry collector (gRPC); empty: no traces")

    @property
    def tls(self) -> bool:
        """Whether the gRPC port speaks TLS."""
        return self.tls_cert_file is not None

    @property
    def tokens_required(self) -> bool:
        """Whether calls need a bearer token; without one only in the demo, on loopback."""
        return self.tokens_file is not None

    @property
    def plain_health_port(self) -> int | None:
        """Port of the plaintext health service, if it has one of its own."""
        return 50052 if self.health_port is None and self.tls else self.health_port

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the profile's defaults; no files."""
        return init_settings, env_settings, _ProfileDefaults(settings_cls)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [sentence for broken, sentence in self._rules() if broken]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _rules(self) -> list[tuple[bool, str]]:
        tls_parts = (self.tls_cert_file, self.tls_key_file)
        files = {
            "TOKENS_FILE": self.tokens_file,
            "TLS_CERT_FILE": self.tls_cert_file,
            "TLS_KEY_FILE": self.tls_key_file,
            "TLS_CLIENT_CA_FILE": self.tls_client_ca_file,
        }
        return [
            (
                self.engine is EngineKind.VLLM and self.model_path is None,
                f"{ENV_PREFIX}MODEL_PATH: expected the folder of a text-only checkpoint "
                f"(or {ENV_PREFIX}ENGINE=none for the rules alone)",
            ),
            (
                self.model_path is not None and not (self.model_path / "config.json").is_file(),
                f"{ENV_PREFIX}MODEL_PATH: expected a folder with config.json, "
                f"got {self.model_path}",
            ),
            (
                not self.tokens_required and not (self.demo and is_loopback(self.host)),
                f"{ENV_PREFIX}TOKENS_FILE: expected a file of tokens; without one the service "
                f"starts only with {ENV_PREFIX}DEMO=true and a loopback {ENV_PREFIX}HOST",
            ),
            (
                any(tls_parts) and not all(tls_parts),
                f"{ENV_PREFIX}TLS_CERT_FILE and {ENV_PREFIX}TLS_KEY_FILE: expected both or none",
            ),
            (
                self.tls_client_ca_file is not None and not all(tls_parts),
                f"{ENV_PREFIX}TLS_CLIENT_CA_FILE: expected with TLS_CERT_FILE and TLS_KEY_FILE",
            ),
            (
                self.max_output_tokens >= self.max_model_tokens,
                f"{ENV_PREFIX}MAX_OUTPUT_TOKENS: expected less than MAX_MODEL_TOKENS",
            ),
            *(
                (path is not None and not path.is_file(), f"{ENV_PREFIX}{name}: no file at {path}")
                for name, path in files.items()
            ),
        ]


class _ProfileDefaults(PydanticBaseSettingsSource):
    """The lowest source: defaults by profile, which stands in the sources above it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused by `__call__`; the base class asks for it."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        name = str(self.current_state.get("profile", Profile.LAPTOP))
        known = {profile.value: defaults for profile, defaults in PROFILE_DEFAULTS.items()}
        return known.get(name, PROFILE_DEFAULTS[Profile.LAPTOP])


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(**overrides: Any) -> InferenceSettings:
    """Read the settings. Raises `SettingsError` that tells all that is wrong at once."""
    wrong = _unknown_variables()
    try:
        settings = InferenceSettings(**overrides)
    except ValidationError as error:
        wrong += _lines(error)
        wrong += _wrong_together(error, overrides)
    if wrong:
        raise SettingsError("\n".join(wrong)) from None
    return settings


def _unknown_variables() -> list[str]:
    known = {ENV_PREFIX + name.upper() for name in InferenceSettings.model_fields}
    return [
        f"{name}: no such setting (`chewie-inference --help` lists them; in Kubernetes set "
        "enableServiceLinks: false, or its own variables take this prefix)"
        for name in sorted(os.environ)
        if name.startswith(ENV_PREFIX) and name not in known
    ]


def _wrong_together(error: ValidationError, overrides: dict[str, Any]) -> list[str]:
    """What is wrong between settings, told even where single settings are wrong too."""
    fields = InferenceSettings.model_fields
    names = [str(item["loc"][0]) for item in error.errors() if item["loc"]]
    mended = {name: fields[name].default for name in names if name in fields}
    if not mended:
        return []
    try:
        InferenceSettings(**{**overrides, **mended})
    except ValidationError as second:
        return [line for line in _lines(second) if line not in _lines(error)]
    return []


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors():
        name = "".join(ENV_PREFIX + str(part).upper() for part in item["loc"][:1])
        message = item["msg"].removeprefix("Value error, ")
        lines += [f"{name}: {message}"] if name else message.split("\n")
    return lines
