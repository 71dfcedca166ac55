"""A scripted engine, and a service around it on a free port: what most tests here stand on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import grpc

from chewie.triage.v1 import triage_pb2 as pb
from chewie.triage.v1.triage_pb2_grpc import TriageServiceStub
from inference_svc.engine import (
    EngineDeadError,
    EngineLoad,
    EngineOverloadedError,
    Generated,
    GenerationRequest,
    TokenUsage,
)
from inference_svc.identity import ServiceIdentity
from inference_svc.server import Service
from inference_svc.settings import InferenceSettings, load_settings

COLD = {
    "summary": "Child with a cold who drinks well. No danger sign was told.",
    "danger_signs": [],
    "conditions": ["cough_or_cold"],
    "urgency": "HOME",
    "actions": ["home_care", "watch_danger_signs"],
}
USAGE = TokenUsage(
    prompt_tokens=1700, cached_tokens=1600, output_tokens=80, queue_ms=3, first_token_ms=40
)


def said(**changes: Any) -> str:
    """The JSON of a model that speaks of a cold, with changes."""
    return json.dumps({**COLD, **changes}, ensure_ascii=False)


CHARACTERS_PER_TOKEN = 4


@dataclass
class FakeEngine:
    """Says `text` in pieces of `piece` characters, each after `delay` seconds.

    Behaves as the real one at its edges: it queues up to `places`, frees on close, keeps the order
    of priority for those that wait, and is dead after `die()`.
    """

    text: str = field(default_factory=said)
    finish_reason: str = "stop"
    piece: int = 40
    delay: float = 0.0
    batch: int = 16
    places: int = 1000
    error: Exception | None = None
    dead: bool = False
    max_model_tokens: int = 4096
    running: list[GenerationRequest] = field(default_factory=list)
    waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    seen: list[GenerationRequest] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    was_shut_down: bool = False
    _order: int = 0

    def load(self) -> EngineLoad:
        return EngineLoad(running=len(self.running), waiting=len(self.waiting))

    def die(self) -> None:
        self.dead = True

    def shutdown(self, *, now: bool = False) -> None:
        self.was_shut_down = True

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Generated, None]:
        self.seen.append(request)
        if self.dead:
            raise EngineDeadError
        if self.error is not None:
            raise self.error
        if len(self.running) + len(self.waiting) >= self.places:
            raise EngineOverloadedError
        await self._turn(request.priority)
        self.running.append(request)
        try:
            async for generated in self._pieces(request):
                yield generated
            self.finished.append(request.request_id)
        finally:
            self.running.remove(request)
            self._wake()

    async def _turn(self, priority: int) -> None:
        if len(self.running) < self.batch:
            return
        self._order += 1
        entry = (priority, self._order, asyncio.get_running_loop().create_future())
        self.waiting.append(entry)
        try:
            await entry[2]
        except asyncio.CancelledError:
            if entry in self.waiting:
                self.waiting.remove(entry)
            raise

    def _wake(self) -> None:
        if self.waiting and len(self.running) < self.batch:
            entry = min(self.waiting, key=lambda waiting: waiting[:2])
            self.waiting.remove(entry)
            if not entry[2].done():
                entry[2].set_result(None)

    async def _pieces(self, request: GenerationRequest) -> AsyncGenerator[Generated, None]:
        text = self.text[: request.max_output_tokens * CHARACTERS_PER_TOKEN]
        reason = self.finish_reason if text == self.text else "length"
        tokens = -(-len(text) // CHARACTERS_PER_TOKEN)
        parts = [text[i : i + self.piece] for i in range(0, len(text), self.piece)]
        told = ""
        for part in parts:
            await asyncio.sleep(self.delay)
            if self.dead:
                raise EngineDeadError
            told += part
            if request.stream and part is not parts[-1]:
                yield Generated(text=part)
                told = ""
        usage = replace(USAGE, output_tokens=tokens)
        yield Generated(text=told, finish_reason=reason, usage=usage)


IDENTITY = ServiceIdentity(
    model="fake",
    model_digest="sha256:00",
    prompt_version="1-test",
    guideline_version="g-test",
    demo=False,
)


def settings_for_tests(**changes: Any) -> InferenceSettings:
    """Demo settings on loopback with free ports."""
    return load_settings(
        **{"engine": "none", "demo": True, "port": 0, "metrics_port": 0, **changes}
    )


@dataclass(kw_only=True)
class Running:
    """A service that serves, its engine, and a plain stub to it."""

    service: Service
    engine: FakeEngine | None
    channel: grpc.aio.Channel
    stub: TriageServiceStub

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.service.port}"


@asynccontextmanager
async def serving(
    engine: FakeEngine | None = None, *, warm: bool = True, **changes: Any
) -> AsyncIterator[Running]:
    """A real gRPC server in this process with the engine handed to it."""
    service = Service(settings_for_tests(**changes), IDENTITY, engine)
    await service.start()
    try:
        if warm:
            await service.warm_up()
        if engine is not None:
            engine.seen.clear()
            engine.finished.clear()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            stub = TriageServiceStub(channel)
            yield Running(service=service, engine=engine, channel=channel, stub=stub)
    finally:
        await service.stop(0)


@contextmanager
def serving_in_thread(engine: FakeEngine) -> Iterator[str]:
    """The same service on a loop of its own thread, for blocking clients; yields the target."""
    started: Future[str] = Future()
    stop: list[Callable[[], object]] = []

    async def live() -> None:
        ended = asyncio.Event()
        stop.append(partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set))
        async with serving(engine) as running:
            started.set_result(running.target)
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        yield started.result(30)
    finally:
        stop[0]()
        thread.join(30)


def a_request(
    text: str = "child 3 yrs runny nose eats and plays",
    *,
    case: dict[str, Any] | None = None,
    **fields: Any,
) -> Any:
    """A request that holds one message of a health worker, and more of the case if given."""
    message = {"role": pb.ROLE_HEALTH_WORKER, "text": text}
    return pb.AssessRequest(case={"messages": [message], **(case or {})}, **fields)


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait until a condition holds; fail the test when it does not within bounded time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run an async test to its end on a loop of its own."""
    asyncio.run(coroutine)
