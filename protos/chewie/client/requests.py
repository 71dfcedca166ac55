"""Requests: the shortest way from a text to one, and ids that make a retry harmless."""

from __future__ import annotations

from uuid import uuid4

from chewie.triage.v1 import triage_pb2 as pb


def request_for(
    text: str,
    *,
    language: str = "",
    temperature: float | None = None,
    max_output_tokens: int | None = None,
) -> pb.AssessRequest:
    """A request that holds one message of a health worker."""
    message = pb.Message(role=pb.ROLE_HEALTH_WORKER, text=text)
    request = pb.AssessRequest(case=pb.Case(messages=[message]), language=language)
    if temperature is not None:
        request.options.temperature = temperature
    if max_output_tokens is not None:
        request.options.max_output_tokens = max_output_tokens
    return request


def with_id(request: pb.AssessRequest) -> pb.AssessRequest:
    """The request with an id: a retry then joins the call under way instead of a second one."""
    if request.request_id:
        return request
    named = pb.AssessRequest()
    named.CopyFrom(request)
    named.request_id = uuid4().hex
    return named
