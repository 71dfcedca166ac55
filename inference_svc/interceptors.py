"""What happens around every call: token, limits, span, count, log, and the status of an error.

The one place that catches every exception. Logs hold method, code, time, caller and request id;
never more of a request.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import grpc
import structlog
from google.protobuf.message import DecodeError
from opentelemetry.trace import SpanKind, Status, StatusCode

from inference_svc.caller_limits import CallerLimits
from inference_svc.errors import (
    CallError,
    Failure,
    FieldError,
    code_name,
    failure_of,
    invalid,
)
from inference_svc.gate import OPEN_PREFIX, SERVICE, Caller, Gate
from inference_svc.telemetry import TRACER, Metrics, parent_context

CURRENT_CALLER: ContextVar[Caller] = ContextVar("current_caller")
CURRENT_REQUEST_ID: ContextVar[str] = ContextVar("current_request_id")
"""The caller's own id where it sent one, else one made here: what logs, span and errors name."""
_LOG = structlog.get_logger("calls")
# An id that the contract refuses could be text of a case, and is not repeated anywhere.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_EXPECTED = (grpc.StatusCode.OK, grpc.StatusCode.CANCELLED, grpc.StatusCode.INVALID_ARGUMENT)


class CallInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Guards and observes the triage service; health stays open, reflection needs a token."""

    def __init__(self, *, gate: Gate, limits: CallerLimits, metrics: Metrics) -> None:
        self._gate = gate
        self._limits = limits
        self._metrics = metrics

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        """Return the handler with all of this around it; an unknown method stays unknown."""
        handler = await continuation(details)
        if handler is None or details.method.startswith(OPEN_PREFIX):
            return handler
        if not details.method.startswith(SERVICE):
            return self._guarded_only(handler, details)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._around(handler.unary_stream, details),
                request_deserializer=_decoding(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._around(handler.unary_unary, details),
            request_deserializer=_decoding(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    def _around(self, behaviour: Any, details: grpc.HandlerCallDetails) -> Any:
        async def call(request: Any, context: grpc.aio.ServicerContext) -> Any:
            async with self._call(details, context, _request_id_of(request)):
                if request is None:
                    raise invalid(FieldError(field="request", description="no such message"))
                return await behaviour(request, context)

        return call

    def _guarded_only(self, handler: Any, details: grpc.HandlerCallDetails) -> Any:
        try:
            self._gate.caller_of(details.method, details.invocation_metadata)
        except CallError as error:
            failure = error.failure

            async def refuse(_request: Any, context: grpc.aio.ServicerContext) -> None:
                await _abort(context, failure)

            return grpc.stream_stream_rpc_method_handler(refuse)
        return handler

    @asynccontextmanager
    async def _call(
        self, details: grpc.HandlerCallDetails, context: grpc.aio.ServicerContext, request_id: str
    ) -> AsyncIterator[None]:
        CURRENT_REQUEST_ID.set(request_id)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        method = details.method.removeprefix(SERVICE)
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        running = self._metrics.running.labels(method=method)
        running.inc()
        with TRACER.start_as_current_span(
            details.method.lstrip("/"),
            context=parent_context(details.invocation_metadata),  # type: ignore[arg-type]
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                caller = self._gate.caller_of(details.method, details.invocation_metadata)
                CURRENT_CALLER.set(caller)
                structlog.contextvars.bind_contextvars(caller=caller.name)
                with self._limits.call(caller.name):
                    yield
            except asyncio.CancelledError:
                code = _why_cancelled(context)
                raise
            except grpc.aio.AbortError:
                code = context.code()
                raise
            except Exception as error:  # noqa: BLE001 -- the RPC boundary
                failure = failure_of(error)
                code = failure.code
                _log_failure(method, failure, error)
                await _abort(context, failure, request_id)
            finally:
                seconds = time.perf_counter() - started
                running.dec()
                self._metrics.calls.labels(method=method, code=code_name(code)).inc()
                self._metrics.seconds.labels(method=method).observe(seconds)
                span.set_attribute("rpc.grpc.status_code", code.value[0])
                span.set_attribute("chewie.request_id", request_id)
                span.set_status(Status(StatusCode.OK if code in _EXPECTED else StatusCode.ERROR))
                _LOG.debug("call", method=method, code=code_name(code), ms=round(seconds * 1000, 1))


def _decoding(deserializer: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """None for a body that is no such message: gRPC itself would answer UNKNOWN."""

    def decode(body: bytes) -> Any:
        try:
            return deserializer(body)
        except DecodeError:
            return None

    return decode


def _why_cancelled(context: grpc.aio.ServicerContext) -> grpc.StatusCode:
    left = context.time_remaining()
    late = left is not None and left <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED


def _log_failure(method: str, failure: Failure, error: Exception) -> None:
    told = {"method": method, "code": code_name(failure.code), "reason": failure.reason}
    if failure.code is grpc.StatusCode.INTERNAL:
        # Type and place only: the message of an unexpected error may quote the request.
        _LOG.error("call_failed", **told, error=type(error).__name__, at=_place(error))
    elif failure.code not in _EXPECTED:
        _LOG.warning("call_refused", **told)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""


def _request_id_of(request: Any) -> str:
    """The id that an AssessRequest or a stream's request around one carries, or a new one."""
    given = getattr(getattr(request, "request", request), "request_id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


async def _abort(context: grpc.aio.ServicerContext, failure: Failure, request_id: str = "") -> None:
    metadata = failure.trailing_metadata(request_id=request_id)
    await context.abort(failure.code, failure.message, trailing_metadata=metadata)
