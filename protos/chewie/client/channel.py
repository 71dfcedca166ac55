"""How a client reaches the service: channel options, retry policy, TLS, token. Opens nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import grpc
from opentelemetry import propagate

SERVICE = "chewie.triage.v1.TriageService"
KEEPALIVE_MS = 30_000
MAX_RETRY_ATTEMPTS = 5
"""The most that gRPC permits, the first try included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files. Without `ca_file` the system's CAs count; certificate and key are for mTLS."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files. Raises OSError, and ValueError when half of a pair is missing."""
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("mTLS needs both cert_file and key_file")
        ca, key, cert = (
            path.read_bytes() if path is not None else None
            for path in (self.ca_file, self.key_file, self.cert_file)
        )
        return grpc.ssl_channel_credentials(ca, key, cert)


def channel_options(*, max_attempts: int, tls: Tls | None = None) -> list[tuple[str, str | int]]:
    """Options for keepalive, round robin over the addresses of a name, and retries.

    A call is tried again when no answer was lost: the service was away or refused it. The
    service's own hint (RetryInfo, sent as push-back too) decides how soon.
    """
    if not 1 <= max_attempts <= MAX_RETRY_ATTEMPTS:
        raise ValueError(f"max_attempts: expected 1 to {MAX_RETRY_ATTEMPTS}, got {max_attempts}")
    method: dict[str, object] = {"name": [{"service": SERVICE}]}
    if max_attempts > 1:
        method["retryPolicy"] = {
            "maxAttempts": max_attempts,
            "initialBackoff": "0.2s",
            "maxBackoff": "3s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
        }
    config = {"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": [method]}
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.enable_retries", int(max_attempts > 1)),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", 10_000),
        # A service that was away is found again within seconds, not after gRPC's two minutes.
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]
    if tls is not None and tls.server_name:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    return options


def call_metadata(token: str | None) -> tuple[tuple[str, str], ...]:
    """The token, and the present trace (W3C traceparent) so that spans join across services.

    The token goes in clear without TLS: only over loopback then.
    """
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    bearer = (("authorization", f"Bearer {token}"),) if token else ()
    return (*bearer, *carrier.items())
