"""Errors of a call as one type: code, reason, wrong fields, and when to try again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

_DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """One wrong field of a request: its path and what was expected."""

    field: str
    description: str


class TriageError(Exception):
    """A call that got no assessment. `retry_after_seconds` None: the same call will fail again.

    `request_id` is what the service's log calls the call; empty when the service was not reached.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode,
        reason: str = "",
        fields: tuple[FieldViolation, ...] = (),
        retry_after_seconds: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.reason = reason
        self.fields = fields
        self.retry_after_seconds = retry_after_seconds
        self.request_id = request_id


def error_from(error: Any) -> TriageError:
    """Return the typed error of a grpc.RpcError, with the google.rpc details that came with it."""
    code = error.code()
    reason = request_id = ""
    fields: tuple[FieldViolation, ...] = ()
    retry_after: float | None = None
    for detail in _details(error.trailing_metadata() or ()):
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            reason = _unpacked(detail, error_details_pb2.ErrorInfo()).reason
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            found = _unpacked(detail, error_details_pb2.BadRequest()).field_violations
            fields = tuple(
                FieldViolation(field=one.field, description=one.description) for one in found
            )
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = _unpacked(detail, error_details_pb2.RetryInfo()).retry_delay
            retry_after = delay.ToMilliseconds() / 1000
        elif detail.Is(error_details_pb2.RequestInfo.DESCRIPTOR):
            request_id = _unpacked(detail, error_details_pb2.RequestInfo()).request_id
    return TriageError(
        error.details() or "no message",
        code=code,
        reason=reason,
        fields=fields,
        retry_after_seconds=retry_after,
        request_id=request_id,
    )


def _details(metadata: Iterable[tuple[str, Any]]) -> Iterable[Any]:
    for key, value in metadata:
        if key == _DETAILS_KEY:
            yield from status_pb2.Status.FromString(value).details


def _unpacked(detail: Any, into: Any) -> Any:
    detail.Unpack(into)
    return into
