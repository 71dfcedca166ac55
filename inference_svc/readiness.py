"""Whether the service may be sent calls, and telling so by the health protocol.

NOT_SERVING until a generation under the production schema has succeeded, after several engine
failures in a row, and from the start of a drain for good.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import structlog
from grpc_health.v1 import health, health_pb2

from inference_svc.errors import unavailable

SERVICE_NAME = "chewie.triage.v1.TriageService"
NAMES = ("", SERVICE_NAME)


class State(StrEnum):
    """Where the service is in its life."""

    LOADING = "LOADING"
    SERVING = "SERVING"
    FAILING = "FAILING"
    DRAINING = "DRAINING"


class Readiness:
    """The state, and the health servicer that tells it."""

    def __init__(
        self, *, failures_until_not_serving: int, on_change: Callable[[State], None]
    ) -> None:
        self.servicer = health.aio.HealthServicer()
        self.state = State.LOADING
        self._limit = failures_until_not_serving
        self._failures = 0
        self._on_change = on_change
        self._log = structlog.get_logger("health")

    async def begin(self) -> None:
        """Tell NOT_SERVING: the health servicer of grpc begins as SERVING."""
        await self._tell(health_pb2.HealthCheckResponse.NOT_SERVING)

    def require_loaded(self) -> None:
        """Raise UNAVAILABLE with RetryInfo before the first successful generation."""
        if self.state is State.LOADING:
            raise unavailable("LOADING", "the model is loading", retry_after_seconds=5.0)

    async def succeeded(self) -> None:
        """A generation has succeeded: SERVING, unless a drain has begun."""
        self._failures = 0
        if self.state in (State.LOADING, State.FAILING):
            await self._become(State.SERVING)

    async def failed(self) -> None:
        """The engine failed on a call; several in a row turn health off."""
        self._failures += 1
        if self.state is State.SERVING and self._failures >= self._limit:
            await self._become(State.FAILING)

    async def drain(self) -> None:
        """NOT_SERVING from now on."""
        await self._become(State.DRAINING)

    async def _become(self, state: State) -> None:
        self.state = state
        self._on_change(state)
        serving = state is State.SERVING
        status = health_pb2.HealthCheckResponse
        await self._tell(status.SERVING if serving else status.NOT_SERVING)
        self._log.info("health", state=state.value)

    async def _tell(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for name in NAMES:
            await self.servicer.set(name, status)
