"""The use case: rules read the case, the model is asked, its answer is read, the net may raise it.

Knows neither gRPC nor vLLM. Whatever the model does, the answer is never below the rules'.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import uuid4

from clinical import apply_safety_net, assess_by_rules, read_case
from clinical.assessment import Assessment, Urgency
from clinical.case import Case
from clinical.dose import drop_dose_text
from inference_svc.admission import Admission
from inference_svc.engine import (
    Engine,
    EngineOverloadedError,
    EngineUnavailableError,
    Generated,
    GenerationAbortedError,
    GenerationRequest,
    TokenUsage,
)
from inference_svc.output import ModelAnswer, Unusable, parse, to_assessment
from inference_svc.prompt import messages_for
from inference_svc.summary_stream import SummaryStream

T = TypeVar("T")
OnSentence = Callable[[str], Awaitable[None]]

# Lower goes first in the engine's queue.
PRIORITY_EMERGENCY = -10
PRIORITY_RAISED = -5
PRIORITY_NORMAL = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a caller asks for. `language` is one that the phrases have; `started` is a clock's."""

    case: Case
    language: str = "en"
    max_output_tokens: int = 320
    temperature: float = 0.0
    raised: bool = False
    trace_headers: Mapping[str, str] = field(default_factory=dict)
    started: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesReading:
    """What the rules make of an order, before any model is asked."""

    case: Case
    assessment: Assessment

    @property
    def emergency(self) -> bool:
        """Whether the rules alone say EMERGENCY."""
        return self.assessment.urgency is Urgency.EMERGENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The final assessment. `fallback_reason` is empty unless the rules alone answered.

    `said` is what the model alone chose, before the net; None where nothing usable came.
    """

    assessment: Assessment
    fallback_reason: str = ""
    said: ModelAnswer | None = None
    usage: TokenUsage = field(default_factory=TokenUsage)


def read_by_rules(order: Order) -> RulesReading:
    """Read the messages and judge by the guideline; milliseconds, no engine."""
    read = read_case(order.case, language=order.language)
    return RulesReading(
        case=read.case,
        assessment=assess_by_rules(order.case, language=order.language, read=read),
    )


LONG_CASE_CHARACTERS = 1_000


async def off_the_loop(order: Order, work: Callable[..., T], *arguments: Any) -> T:
    """Run pure work on a case: in a thread when the case is long, so that other calls go on.

    A short text takes a millisecond or two to read; 20,000 characters take a third of a second.
    """
    if sum(len(message.text) for message in order.case.messages) <= LONG_CASE_CHARACTERS:
        return work(*arguments)
    return await asyncio.to_thread(work, *arguments)


class Assessor:
    """Answers orders with an engine behind a bounded queue; without an engine, by the rules."""

    def __init__(
        self,
        engine: Engine | None,
        admission: Admission,
        *,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._new_id = new_id

    def require_place(self, reading: RulesReading) -> None:
        """Raise `EngineOverloadedError` when the queue has no place for it now; holds none."""
        if self._engine is not None and not reading.emergency:
            self._admission.require_place()

    async def assess(
        self, order: Order, reading: RulesReading, *, on_sentence: OnSentence | None = None
    ) -> Answer:
        """Return the answer; `on_sentence` gets the summary's sentences unless an emergency.

        Raises `EngineError`. A full queue is no reason to refuse an emergency: the rules answer it.
        """
        if self._engine is None:
            return Answer(assessment=reading.assessment, fallback_reason="engine_none")
        if reading.emergency:
            on_sentence = None
        request = self._request(order, reading, stream=on_sentence is not None)
        try:
            with self._admission.place(emergency=reading.emergency):
                text, last = await _collect(self._engine.generate(request), on_sentence)
        except EngineOverloadedError:
            if reading.emergency:
                return Answer(assessment=reading.assessment, fallback_reason="overloaded")
            raise
        return await off_the_loop(order, _judge, order, reading, text, last)

    def _request(self, order: Order, reading: RulesReading, *, stream: bool) -> GenerationRequest:
        raised = PRIORITY_RAISED if order.raised else PRIORITY_NORMAL
        return GenerationRequest(
            request_id=self._new_id(),
            turns=messages_for(reading.case, order.language),
            max_output_tokens=order.max_output_tokens,
            temperature=order.temperature,
            priority=PRIORITY_EMERGENCY if reading.emergency else raised,
            stream=stream,
            trace_headers=order.trace_headers,
        )


async def _collect(
    pieces: AsyncGenerator[Generated, None], on_sentence: OnSentence | None
) -> tuple[str, Generated]:
    """Return the whole text and the last piece. Closing the generator frees the engine."""
    text, last = "", Generated(text="", finish_reason="error")
    sentences = SummaryStream()
    async with aclosing(pieces):
        async for last in pieces:
            text += last.text
            if on_sentence is not None:
                for sentence in sentences.feed(last.text):
                    await on_sentence(sentence)
    if last.finish_reason == "abort":
        raise GenerationAbortedError
    if last.finish_reason in (None, "error"):
        raise EngineUnavailableError
    return text, last


def _judge(order: Order, reading: RulesReading, text: str, last: Generated) -> Answer:
    usage = last.usage or TokenUsage()
    said = parse(text, last.finish_reason)
    if isinstance(said, Unusable):
        return Answer(assessment=reading.assessment, fallback_reason=said.reason.value, usage=usage)
    netted = apply_safety_net(
        order.case, _without_dose(said), language=order.language, rules=reading.assessment
    )
    return Answer(assessment=netted, said=said, usage=usage)


def _without_dose(said: ModelAnswer) -> Assessment:
    summary, removed = drop_dose_text(said.summary)
    assessment = to_assessment(said)
    notes = ("dose_text_removed",) if removed else ()
    return replace(assessment, summary=summary, notes=(*assessment.notes, *notes))
