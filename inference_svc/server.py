"""The service's life: wire the parts, bind the ports, warm up, watch, drain, stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import grpc
import structlog
from grpc_health.v1 import health_pb2_grpc
from prometheus_client import CollectorRegistry

from chewie.triage.v1.triage_pb2_grpc import add_TriageServiceServicer_to_server
from clinical.case import Case, Message
from inference_svc.admission import Admission
from inference_svc.assess import Assessor, Order, read_by_rules
from inference_svc.caller_limits import CallerLimits
from inference_svc.engine import Engine, EngineError, EngineLoad
from inference_svc.gate import Gate
from inference_svc.identity import ServiceIdentity
from inference_svc.interceptors import CallInterceptor
from inference_svc.metrics_http import serve_metrics
from inference_svc.readiness import NAMES, Readiness, State
from inference_svc.servicer import ServiceParts, TriageServicer
from inference_svc.settings import InferenceSettings
from inference_svc.shared_calls import SharedCalls
from inference_svc.telemetry import Metrics
from inference_svc.tls import TlsFiles, server_credentials
from inference_svc.tokens import TokenBook

WATCH_SECONDS = 0.5
PROBE_EVERY_SECONDS = 5.0
LAST_WORDS_SECONDS = 5.0
"""Without it callers of a dead engine would see CANCELLED, which nobody retries."""
WARM_UP_TEXT = "2 year old, cough for 3 days, breathing 48 per minute, no fits, drinks well"

# Long calls without data must survive a client's keepalive pings; new pods get traffic because
# connections end after some minutes.
CHANNEL_OPTIONS = (
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 90_000),
    ("grpc.so_reuseport", 0),
)


class PortError(Exception):
    """A port that cannot be bound; a sentence with the setting to change."""


class Service:
    """One running service. `engine` None: the rules answer. Times come from `clock`, seconds."""

    def __init__(
        self,
        settings: InferenceSettings,
        identity: ServiceIdentity,
        engine: Engine | None,
        *,
        engine_registries: Sequence[CollectorRegistry] = (),
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._registries = engine_registries
        self._log = structlog.get_logger("service")
        self.metrics = Metrics(CollectorRegistry())
        self.readiness = Readiness(
            failures_until_not_serving=settings.failures_until_not_serving,
            on_change=lambda state: self.metrics.serving.set(state is State.SERVING),
        )
        places = settings.max_running_requests + settings.max_waiting_requests
        self._admission = Admission(places=places, emergency_reserve=settings.emergency_reserve)
        self._assessor = Assessor(engine, self._admission)
        book = TokenBook(settings.tokens_file, now=now) if settings.tokens_file else None
        limits = CallerLimits(
            concurrent=settings.max_concurrent_per_caller,
            per_minute=settings.max_calls_per_minute_per_caller,
            clock=clock,
        )
        self._interceptor = CallInterceptor(gate=Gate(book), limits=limits, metrics=self.metrics)
        self._parts = ServiceParts(
            settings=settings,
            identity=identity,
            assessor=self._assessor,
            calls=SharedCalls(window_seconds=settings.idempotency_window_seconds, clock=clock),
            readiness=self.readiness,
            metrics=self.metrics,
            load=self._load,
            version=_version(),
            clock=clock,
        )
        self._servers: list[grpc.aio.Server] = []
        self._stop_metrics: Callable[[], None] | None = None
        self.port = self.health_port = self.metrics_port = 0

    async def start(self) -> None:
        """Bind the ports and tell NOT_SERVING. Raises `PortError`, `TlsError`, `OSError`."""
        await self.readiness.begin()
        server = grpc.aio.server(
            interceptors=[self._interceptor],
            options=(
                *CHANNEL_OPTIONS,
                ("grpc.max_receive_message_length", self._settings.max_request_bytes),
            ),
        )
        add_TriageServiceServicer_to_server(TriageServicer(self._parts), server)
        health_pb2_grpc.add_HealthServicer_to_server(self.readiness.servicer, server)
        if self._settings.reflection:
            _add_reflection(server)
        self.port = self._bind(server)
        await self._start(server)
        if self._settings.plain_health_port is not None:
            await self._start_plain_health(self._settings.plain_health_port)
        self._start_metrics()

    async def warm_up(self) -> None:
        """Generate once under the production schema, then tell SERVING. Raises `EngineError`."""
        order = Order(
            case=Case(messages=(Message(text=WARM_UP_TEXT),)),
            max_output_tokens=self._settings.max_output_tokens,
        )
        answer = await self._assessor.assess(order, read_by_rules(order))
        if self._engine is not None and answer.fallback_reason:
            self._log.warning("warm_up_answer_unusable", reason=answer.fallback_reason)
        await self.readiness.succeeded()

    async def watch(self) -> None:
        """Return when the engine is dead; meanwhile probe an engine that keeps failing."""
        probe_at = self._clock()
        while not (self._engine is not None and self._engine.dead):
            await asyncio.sleep(WATCH_SECONDS)
            if self.readiness.state is State.FAILING and self._clock() >= probe_at:
                probe_at = self._clock() + PROBE_EVERY_SECONDS
                await self._probe()

    async def drain(self) -> None:
        """NOT_SERVING, a pause for endpoints to leave, then let running calls finish."""
        await self.readiness.drain()
        await asyncio.sleep(self._settings.drain_pause_seconds)
        await self.stop(self._settings.drain_grace_seconds)

    async def give_up(self) -> None:
        """The engine is dead: NOT_SERVING, and a moment for running calls to be told so."""
        await self.readiness.drain()
        await self.stop(LAST_WORDS_SECONDS)

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Stop the servers; running calls have `grace_seconds` to finish."""
        await asyncio.gather(*(server.stop(grace_seconds) for server in self._servers))
        self._servers.clear()
        if self._stop_metrics is not None:
            self._stop_metrics()
            self._stop_metrics = None

    def _load(self) -> EngineLoad:
        return self._engine.load() if self._engine is not None else EngineLoad()

    async def _probe(self) -> None:
        try:
            await self.warm_up()
        except EngineError as error:
            self._log.warning("probe_failed", error=type(error).__name__)

    def _bind(self, server: grpc.aio.Server) -> int:
        settings = self._settings
        address = _address(settings.host, settings.port)
        try:
            if settings.tls_cert_file is None or settings.tls_key_file is None:
                return int(server.add_insecure_port(address))
            files = TlsFiles(
                cert=settings.tls_cert_file,
                key=settings.tls_key_file,
                client_ca=settings.tls_client_ca_file,
            )
            return int(server.add_secure_port(address, server_credentials(files)))
        except RuntimeError as error:
            raise _taken(address, "PORT") from error

    async def _start(self, server: grpc.aio.Server) -> None:
        await server.start()
        self._servers.append(server)

    async def _start_plain_health(self, port: int) -> None:
        server = grpc.aio.server(options=CHANNEL_OPTIONS)
        health_pb2_grpc.add_HealthServicer_to_server(self.readiness.servicer, server)
        address = _address(self._settings.host, port)
        try:
            self.health_port = int(server.add_insecure_port(address))
        except RuntimeError as error:
            raise _taken(address, "HEALTH_PORT") from error
        await self._start(server)

    def _start_metrics(self) -> None:
        host, port = self._settings.metrics_host, self._settings.metrics_port
        registries = [self.metrics.registry, *self._registries]
        try:
            self.metrics_port, self._stop_metrics = serve_metrics(host, port, registries)
        except OSError as error:
            raise _taken(_address(host, port), "METRICS_PORT") from error


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _taken(address: str, setting: str) -> PortError:
    return PortError(
        f"Cannot listen on {address}: another program has it, or the address is not this "
        f"machine's. Choose another with CHEWIE_INFERENCE_{setting}."
    )


def _add_reflection(server: grpc.aio.Server) -> None:
    from grpc_reflection.v1alpha import reflection

    names = (*NAMES[1:], reflection.SERVICE_NAME, "grpc.health.v1.Health")
    reflection.enable_server_reflection(names, server)


def _version() -> str:
    try:
        return version("chewie")
    except PackageNotFoundError:
        return "unpackaged"
