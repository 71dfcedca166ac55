"""Where the demo listens and keeps its state, read once from the environment and the options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "demo" / "nano" / "checkpoint"
HIGHEST_PORT = 65_535


class RunError(Exception):
    """The demo cannot start or go on; the text is a sentence for the person who ran it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Ports on 127.0.0.1, the folder of the run's state, and which engine answers."""

    grpc_port: int = 50051
    gateway_port: int = 8000
    phone_port: int = 8080
    metrics_port: int = 9464
    folder: Path = ROOT / ".run"
    checkpoint: Path = CHECKPOINT
    engine: str = "vllm"

    def ports(self) -> dict[str, tuple[str, int]]:
        """What listens where, each with the variable that changes it."""
        return {
            "CHEWIE_GRPC_PORT": ("the gRPC service", self.grpc_port),
            "CHEWIE_GATEWAY_PORT": ("the gateway", self.gateway_port),
            "CHEWIE_PHONE_PORT": ("the phone", self.phone_port),
            "CHEWIE_METRICS_PORT": ("the service's metrics", self.metrics_port),
        }


def settings_from(environment: Mapping[str, str] | None = None, *, engine: str) -> RunSettings:
    """Read CHEWIE_*_PORT and CHEWIE_RUN_DIR. Raises `RunError` on a port that is none."""
    given = os.environ if environment is None else environment
    default = RunSettings()
    ports = {
        variable: _port(given.get(variable, str(port)), variable)
        for variable, (_, port) in default.ports().items()
    }
    return RunSettings(
        grpc_port=ports["CHEWIE_GRPC_PORT"],
        gateway_port=ports["CHEWIE_GATEWAY_PORT"],
        phone_port=ports["CHEWIE_PHONE_PORT"],
        metrics_port=ports["CHEWIE_METRICS_PORT"],
        folder=Path(given.get("CHEWIE_RUN_DIR") or default.folder).resolve(),
        engine=engine,
    )


def _port(text: str, variable: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        raise RunError(f"{variable}: expected a port from 1 to {HIGHEST_PORT}, got «{text}»")
    return int(text)
