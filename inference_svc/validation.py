"""Whether a request may be answered at all: constraints of the proto, and three beyond it."""

from __future__ import annotations

from collections.abc import Iterator

import protovalidate
from google.protobuf.message import Message

from chewie.triage.v1 import triage_pb2 as pb
from clinical import tables
from inference_svc.errors import FieldError, invalid

_VALIDATOR = protovalidate.Validator()


def validate_request(request: pb.AssessRequest) -> None:
    """Raise `CallError` INVALID_ARGUMENT that names every wrong field; return None when fine."""
    wrong = [*_declared(request), *_beyond_declared(request)]
    if wrong:
        raise invalid(*wrong)


def validate_stream_request(request: pb.AssessStreamRequest) -> None:
    """The same for a stream's request, with paths that begin with «request.»."""
    wrong = list(_declared(request))
    wrong += [
        FieldError(field=f"request.{error.field}", description=error.description)
        for error in _beyond_declared(request.request)
    ]
    if wrong:
        raise invalid(*wrong)


def _declared(message: Message) -> Iterator[FieldError]:
    for violation in _VALIDATOR.collect_violations(message):
        path = violation.proto.field.elements
        yield FieldError(
            field="".join(_step(element) for element in path).lstrip("."),
            description=violation.proto.message,
        )


def _step(element: object) -> str:
    name = f".{element.field_name}"  # type: ignore[attr-defined]
    has_index = element.WhichOneof("subscript") == "index"  # type: ignore[attr-defined]
    return f"{name}[{element.index}]" if has_index else name  # type: ignore[attr-defined]


def _beyond_declared(request: pb.AssessRequest) -> Iterator[FieldError]:
    case = request.case
    if not case.messages and not case.findings and not case.vitals.ListFields():
        yield FieldError(
            field="case", description="at least one message, finding or vital is expected"
        )
    known = tables.findings()
    for index, finding in enumerate(case.findings):
        if finding.code and finding.code not in known:
            yield FieldError(
                field=f"case.findings[{index}].code",
                description="not a finding code of this guideline version",
            )
    if not any(message.role == pb.ROLE_HEALTH_WORKER for message in case.messages) and (
        case.messages and not case.findings and not case.vitals.ListFields()
    ):
        yield FieldError(
            field="case.messages", description="at least one message of the health worker"
        )
