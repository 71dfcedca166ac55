"""Whether a request may be answered at all: constraints of the proto, and four beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from chewie.triage.v1 import triage_pb2 as pb
from clinical import tables
from inference_svc.constraints import prepare, violations
from inference_svc.errors import FieldError, invalid

MAX_CASE_CHARACTERS = 20_000
"""Of all messages together: a conversation is read whole, and time grows with it."""

prepare(pb.AssessStreamRequest.DESCRIPTOR)


def validate_request(request: pb.AssessRequest) -> None:
    """Raise `CallError` INVALID_ARGUMENT that names the wrong fields; return None when fine."""
    wrong = [*violations(request), *_beyond_declared(request, "")]
    if wrong:
        raise invalid(*wrong)


def validate_stream_request(request: pb.AssessStreamRequest) -> None:
    """The same for a stream's request, with paths that begin with «request.»."""
    wrong = [*violations(request), *_beyond_declared(request.request, "request.")]
    if wrong:
        raise invalid(*wrong)


def _beyond_declared(request: pb.AssessRequest, prefix: str) -> Iterator[FieldError]:
    case = request.case
    told = bool(case.findings) or bool(case.vitals.ListFields())
    if not request.HasField("case"):
        return  # told already: the proto declares it required
    if not case.messages and not told:
        yield FieldError(
            field=f"{prefix}case", description="at least one message, finding or vital"
        )
    elif not told and all(message.role == pb.ROLE_ASSISTANT for message in case.messages):
        yield FieldError(
            field=f"{prefix}case.messages", description="at least one of the health worker"
        )
    if sum(len(message.text) for message in case.messages) > MAX_CASE_CHARACTERS:
        yield FieldError(
            field=f"{prefix}case.messages",
            description=f"at most {MAX_CASE_CHARACTERS} characters in all messages together",
        )
    known = tables.findings()
    for index, finding in enumerate(case.findings):
        if finding.code not in known:
            yield FieldError(
                field=f"{prefix}case.findings[{index}].code",
                description="not a finding code of this guideline version",
            )
