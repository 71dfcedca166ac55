"""What the service asks of a language model engine, and how one may fail. Imports no engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inference_svc.prompt import ChatTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One generation under the production schema.

    `request_id` is made by this service and unique. Lower `priority` goes first. With `stream`
    text comes in pieces, else at once. `trace_headers` carry the W3C trace context.
    """

    request_id: str
    turns: Sequence[ChatTurn] = field(repr=False)
    max_output_tokens: int
    temperature: float = 0.0
    priority: int = 0
    stream: bool = False
    trace_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens and milliseconds that one generation took in the engine."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    queue_ms: int = 0
    first_token_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A piece of text. The last piece alone has `finish_reason` and `usage`."""

    text: str = field(repr=False)
    finish_reason: str | None = None
    usage: TokenUsage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLoad:
    """How many requests the engine runs and holds waiting now, by its own count."""

    running: int = 0
    waiting: int = 0


class Engine(Protocol):
    """A model behind a queue. Closing the generator of `generate` frees what the request held."""

    @property
    def max_model_tokens(self) -> int:
        """Longest prompt plus output, in tokens."""

    @property
    def dead(self) -> bool:
        """True once the engine cannot come back."""

    def load(self) -> EngineLoad:
        """Return the present load."""

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Generated, None]:
        """Yield the pieces of one answer. Raises `EngineError`."""

    def shutdown(self, *, now: bool = False) -> None:
        """Free everything; running requests end as aborted. `now`: wait for no orderly end."""


class EngineStartError(Exception):
    """An engine that does not start; a sentence with the settings to look at."""


class EngineError(Exception):
    """A failure at the engine's boundary. Its text is fixed and never holds text of a case."""

    retry_after_seconds: float | None = None


class EngineOverloadedError(EngineError):
    """The engine's own queue is full."""

    retry_after_seconds = 1.0


class EngineUnavailableError(EngineError):
    """Not loaded, or the request failed inside the engine: another try may succeed."""

    retry_after_seconds = 2.0


class EngineDeadError(EngineUnavailableError):
    """The engine process is gone; this process ends too and a new one must start."""

    retry_after_seconds = 10.0


class GenerationAbortedError(EngineError):
    """The generation was given up before its end, because nobody waits for it any more."""


class PromptRejectedError(EngineError):
    """The engine refuses the request itself. `field` is the path in the request to look at."""

    def __init__(self, description: str, *, field: str = "request.case.messages") -> None:
        super().__init__(description)
        self.field = field
