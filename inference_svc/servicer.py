"""The triage service on the wire: validate, translate, assess, translate back. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc

from chewie.triage.v1 import triage_pb2 as pb
from chewie.triage.v1.triage_pb2_grpc import TriageServiceServicer
from clinical import LANGUAGES
from clinical.assessment import Source
from inference_svc.assess import (
    Answer,
    Assessor,
    OnSentence,
    Order,
    RulesReading,
    off_the_loop,
    read_by_rules,
)
from inference_svc.engine import EngineLoad, EngineUnavailableError
from inference_svc.errors import deadline_passed, too_little_time
from inference_svc.identity import ServiceIdentity
from inference_svc.interceptors import CURRENT_CALLER, CURRENT_REQUEST_ID
from inference_svc.output import codes_json
from inference_svc.readiness import Readiness
from inference_svc.settings import InferenceSettings
from inference_svc.shared_calls import SharedCalls
from inference_svc.telemetry import Metrics, outgoing_headers
from inference_svc.tokens import Scope
from inference_svc.validation import validate_request, validate_stream_request
from inference_svc.wire import (
    assessment_to_proto,
    case_from_proto,
    danger_signs_to_proto,
    findings_to_proto,
)

MODEL_ANSWER_KEY = "chewie-model-answer"  # trailing metadata, only where the settings ask for it
MAX_MESSAGE_CHARACTERS = 4_000
MAX_MESSAGES = 40
Send = Callable[[pb.AssessStreamResponse], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceParts:
    """What the servicer stands on; wired in `server`."""

    settings: InferenceSettings
    identity: ServiceIdentity
    assessor: Assessor
    calls: SharedCalls[pb.Assessment]
    readiness: Readiness
    metrics: Metrics
    load: Callable[[], EngineLoad]
    version: str
    clock: Callable[[], float]


class TriageServicer(TriageServiceServicer):  # type: ignore[misc]
    """Implements the contract; errors leave as exceptions that the interceptor translates."""

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts

    async def Assess(  # noqa: N802 -- named by the contract
        self, request: pb.AssessRequest, context: grpc.aio.ServicerContext
    ) -> pb.AssessResponse:
        """Answer one case."""
        started = self._parts.clock()
        validate_request(request)
        self._admit(request, context)
        order = self._order(request, started)
        reading = await off_the_loop(order, read_by_rules, order)
        assessment = await self._once(request, order, reading, context)
        return pb.AssessResponse(assessment=assessment)

    async def AssessStream(  # noqa: N802
        self, request: pb.AssessStreamRequest, context: grpc.aio.ServicerContext
    ) -> None:
        """Answer one case in steps: accepted, rule findings, sentences, the assessment."""
        started = self._parts.clock()
        validate_stream_request(request)
        self._admit(request.request, context)
        send: Send = context.write
        order = self._order(request.request, started)
        reading = await off_the_loop(order, read_by_rules, order)
        self._require_place(request.request.request_id, reading)
        accepted = pb.Accepted(request_id=CURRENT_REQUEST_ID.get())
        await send(pb.AssessStreamResponse(accepted=accepted))
        await send(pb.AssessStreamResponse(rule_findings=_rule_findings(reading)))
        sentences: asyncio.Queue[str | None] = asyncio.Queue()
        sender = asyncio.create_task(_forward(sentences, send))
        try:
            assessment = await self._once(
                request.request, order, reading, context, on_sentence=sentences.put
            )
            sentences.put_nowait(None)
            await sender
        finally:
            sender.cancel()
        await send(pb.AssessStreamResponse(assessment=assessment))

    async def GetServiceInfo(  # noqa: N802
        self, request: pb.GetServiceInfoRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetServiceInfoResponse:
        """Tell what answers here, the limits and the load."""
        identity, settings, load = self._parts.identity, self._parts.settings, self._parts.load()
        return pb.GetServiceInfoResponse(
            model=identity.model,
            model_digest=identity.model_digest,
            prompt_version=identity.prompt_version,
            guideline_version=identity.guideline_version,
            demo=identity.demo,
            languages=LANGUAGES,
            limits=pb.Limits(
                max_queued_requests=settings.max_running_requests + settings.max_waiting_requests,
                max_message_characters=MAX_MESSAGE_CHARACTERS,
                max_messages=MAX_MESSAGES,
                max_output_tokens=settings.max_output_tokens,
                max_model_tokens=settings.max_model_tokens,
                max_concurrent_per_caller=settings.max_concurrent_per_caller,
            ),
            load=pb.Load(running_requests=load.running, waiting_requests=load.waiting),
            service_version=self._parts.version,
        )

    def _admit(self, request: pb.AssessRequest, context: grpc.aio.ServicerContext) -> None:
        self._parts.readiness.require_loaded()
        if request.priority == pb.PRIORITY_HIGH:
            CURRENT_CALLER.get().require(Scope.PRIORITY)
        left = context.time_remaining()
        if left is not None and left < self._parts.settings.min_time_left_seconds:
            raise too_little_time(left)

    def _require_place(self, request_id: str, reading: RulesReading) -> None:
        """Refuse for want of a place before «accepted»: after a first message nothing retries."""
        if not self._parts.calls.holds(CURRENT_CALLER.get().name, request_id):
            self._parts.assessor.require_place(reading)

    def _order(self, request: pb.AssessRequest, started: float) -> Order:
        longest, options = self._parts.settings.max_output_tokens, request.options
        asked = options.max_output_tokens if options.HasField("max_output_tokens") else longest
        return Order(
            case=case_from_proto(request.case),
            language=language_of(request.language),
            max_output_tokens=min(asked, longest),
            temperature=round(options.temperature, 3),
            raised=request.priority == pb.PRIORITY_HIGH,
            trace_headers=outgoing_headers(),
            started=started,
        )

    async def _once(
        self,
        request: pb.AssessRequest,
        order: Order,
        reading: RulesReading,
        context: grpc.aio.ServicerContext,
        *,
        on_sentence: OnSentence | None = None,
    ) -> pb.Assessment:
        """Run the assessment, or join the one that the same request id has begun."""
        unlimited = context.time_remaining() is None
        try:
            async with asyncio.timeout(
                self._parts.settings.default_deadline_seconds if unlimited else None
            ):
                return await self._parts.calls.run(
                    caller=CURRENT_CALLER.get().name,
                    request_id=request.request_id,
                    body=request.SerializeToString(deterministic=True),
                    work=lambda: self._work(order, reading, on_sentence, context),
                )
        except TimeoutError:
            raise deadline_passed() from None

    async def _work(
        self,
        order: Order,
        reading: RulesReading,
        on_sentence: OnSentence | None,
        context: grpc.aio.ServicerContext,
    ) -> pb.Assessment:
        try:
            answer = await self._parts.assessor.assess(order, reading, on_sentence=on_sentence)
        except EngineUnavailableError:
            await self._parts.readiness.failed()
            raise
        await self._parts.readiness.succeeded()
        if self._parts.settings.tell_model_answer and answer.said is not None:
            context.set_trailing_metadata(((MODEL_ANSWER_KEY, codes_json(answer.said)),))
        return self._told(answer, order)

    def _told(self, answer: Answer, order: Order) -> pb.Assessment:
        self._parts.metrics.observe(answer)
        return assessment_to_proto(
            answer.assessment,
            language=order.language,
            identity=self._parts.identity,
            fallback_reason=answer.fallback_reason,
            usage=answer.usage,
            total_ms=round((self._parts.clock() - order.started) * 1000),
        )


def language_of(tag: str) -> str:
    """The phrases' language for a BCP 47 tag: «fr-CM» is «fr»; one that is not there is «en»."""
    primary = tag.partition("-")[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]


def _rule_findings(reading: RulesReading) -> pb.RuleFindings:
    signs = [sign for sign in reading.assessment.danger_signs if sign.source is Source.RULE]
    return pb.RuleFindings(
        danger_signs=danger_signs_to_proto(signs),
        findings=findings_to_proto(reading.case.findings),
    )


async def _forward(sentences: asyncio.Queue[str | None], send: Send) -> None:
    """Send sentences as they come, so that a slow reader holds up itself and not the engine."""
    while (sentence := await sentences.get()) is not None:
        await send(pb.AssessStreamResponse(summary_delta=pb.SummaryDelta(text=sentence)))
