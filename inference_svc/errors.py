"""How a call may fail on the wire: one table from cause to status code, with google.rpc details.

No text of a case stands in any message here; unexpected causes get one generic sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from inference_svc.engine import (
    EngineDeadError,
    EngineError,
    EngineOverloadedError,
    EngineUnavailableError,
    GenerationAbortedError,
    PromptRejectedError,
)

DETAILS_KEY = "grpc-status-details-bin"
PUSHBACK_KEY = "grpc-retry-pushback-ms"
DOMAIN = "chewie.triage.v1"
MAX_FIELDS_TOLD = 20
"""Details travel as metadata, which clients refuse beyond some kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field of a request that is wrong: its path in the request, and what was expected."""

    field: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A status as data: what the caller is told. `retry_after_seconds` None: no use to retry."""

    code: grpc.StatusCode
    reason: str
    message: str
    fields: Sequence[FieldError] = ()
    retry_after_seconds: float | None = None

    def trailing_metadata(self, *, request_id: str = "") -> tuple[tuple[str, str | bytes], ...]:
        """The google.rpc details, and the push-back that gRPC's own retry policies obey.

        `request_id` is what the service's log calls this call, so that a caller can quote it.
        """
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN))
        if self.fields:
            bad_request = error_details_pb2.BadRequest()
            for wrong in self.fields[:MAX_FIELDS_TOLD]:
                bad_request.field_violations.add(field=wrong.field, description=wrong.description)
            status.details.add().Pack(bad_request)
        if self.retry_after_seconds is not None:
            delay = Duration()
            delay.FromMilliseconds(round(self.retry_after_seconds * 1000))
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        if request_id:
            status.details.add().Pack(error_details_pb2.RequestInfo(request_id=request_id))
        return (
            (DETAILS_KEY, status.SerializeToString()),
            (PUSHBACK_KEY, str(_pushback_ms(self.retry_after_seconds))),
        )


def _pushback_ms(retry_after_seconds: float | None) -> int:
    """Milliseconds to wait; below zero tells retry policies not to try again."""
    return -1 if retry_after_seconds is None else round(retry_after_seconds * 1000)


class CallError(Exception):
    """A call that ends with a known `Failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def invalid(*fields: FieldError) -> CallError:
    """INVALID_ARGUMENT that names every wrong field."""
    message = "invalid request: " + ", ".join(wrong.field for wrong in fields[:5])
    return CallError(
        Failure(
            code=grpc.StatusCode.INVALID_ARGUMENT,
            reason="INVALID_REQUEST",
            message=message,
            fields=fields,
        )
    )


def unauthenticated(message: str) -> CallError:
    """UNAUTHENTICATED: no token, or one that is not known or no longer valid."""
    code = grpc.StatusCode.UNAUTHENTICATED
    return CallError(Failure(code=code, reason="BAD_TOKEN", message=message))


def permission_denied(scope: str) -> CallError:
    """PERMISSION_DENIED: the token lacks a scope."""
    code = grpc.StatusCode.PERMISSION_DENIED
    message = f"the token lacks the scope {scope!r}"
    return CallError(Failure(code=code, reason="MISSING_SCOPE", message=message))


def exhausted(reason: str, message: str, *, retry_after_seconds: float) -> CallError:
    """RESOURCE_EXHAUSTED with a hint when to retry."""
    return CallError(
        Failure(
            code=grpc.StatusCode.RESOURCE_EXHAUSTED,
            reason=reason,
            message=message,
            retry_after_seconds=retry_after_seconds,
        )
    )


def unavailable(reason: str, message: str, *, retry_after_seconds: float = 2.0) -> CallError:
    """UNAVAILABLE with a hint when to retry."""
    return CallError(
        Failure(
            code=grpc.StatusCode.UNAVAILABLE,
            reason=reason,
            message=message,
            retry_after_seconds=retry_after_seconds,
        )
    )


def too_little_time(seconds_left: float) -> CallError:
    """DEADLINE_EXCEEDED at admission: the answer could not come in time."""
    return CallError(
        Failure(
            code=grpc.StatusCode.DEADLINE_EXCEEDED,
            reason="TOO_LITTLE_TIME",
            message=f"{max(seconds_left, 0):.3f} s left of the deadline is too little to start",
        )
    )


def deadline_passed() -> CallError:
    """DEADLINE_EXCEEDED of a call that named no deadline and ran into the service's own."""
    return CallError(
        Failure(
            code=grpc.StatusCode.DEADLINE_EXCEEDED,
            reason="DEADLINE",
            message="no answer within the service's default deadline",
        )
    )


# The most specific class first: the first match counts.
_ENGINE_FAILURES: tuple[tuple[type[EngineError], grpc.StatusCode, str, str], ...] = (
    (
        EngineOverloadedError,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "QUEUE_FULL",
        "the queue is full",
    ),
    (EngineDeadError, grpc.StatusCode.UNAVAILABLE, "ENGINE_DEAD", "the engine is restarting"),
    (
        EngineUnavailableError,
        grpc.StatusCode.UNAVAILABLE,
        "ENGINE_FAILED",
        "the engine failed on this call",
    ),
    (GenerationAbortedError, grpc.StatusCode.CANCELLED, "ABORTED", "the generation was given up"),
)
_INTERNAL = Failure(
    code=grpc.StatusCode.INTERNAL, reason="INTERNAL", message="internal error; see the logs"
)


def failure_of(error: BaseException) -> Failure:
    """Return what the caller is told about any exception of a call."""
    if isinstance(error, CallError):
        return error.failure
    if isinstance(error, PromptRejectedError):
        return invalid(FieldError(field=error.field, description=str(error))).failure
    for kind, code, reason, message in _ENGINE_FAILURES:
        if isinstance(error, kind):
            return Failure(
                code=code,
                reason=reason,
                message=message,
                retry_after_seconds=error.retry_after_seconds,
            )
    return _INTERNAL


def code_name(code: grpc.StatusCode) -> str:
    """Canonical name of a status code, for metrics and logs."""
    return str(code.name)
