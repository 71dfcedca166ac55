"""Failures as data: details that clients can read, push-back for retry policies, bounded size."""

import re
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

import inference_svc
from inference_svc.engine import (
    EngineDeadError,
    EngineOverloadedError,
    EngineUnavailableError,
    GenerationAbortedError,
    PromptRejectedError,
)
from inference_svc.errors import (
    DETAILS_KEY,
    MAX_FIELDS_TOLD,
    PUSHBACK_KEY,
    CallError,
    FieldError,
    exhausted,
    failure_of,
    invalid,
)
from inference_svc.readiness import State


def status_of(error: CallError) -> status_pb2.Status:
    metadata = dict(error.failure.trailing_metadata())
    body = metadata[DETAILS_KEY]
    assert isinstance(body, bytes)
    return status_pb2.Status.FromString(body)


def test_retry_hint_is_told_to_people_and_to_retry_policies() -> None:
    error = exhausted("QUEUE_FULL", "full", retry_after_seconds=1.5)
    assert dict(error.failure.trailing_metadata())[PUSHBACK_KEY] == "1500"
    kinds = [detail.TypeName() for detail in status_of(error).details]
    assert kinds == ["google.rpc.ErrorInfo", "google.rpc.RetryInfo"]


def test_lasting_failure_tells_retry_policies_not_to_try() -> None:
    error = invalid(FieldError(field="case", description="is required"))
    assert dict(error.failure.trailing_metadata())[PUSHBACK_KEY] == "-1"


def test_details_stay_small_however_much_is_wrong() -> None:
    wrong = [FieldError(field=f"case.findings[{n}].code", description="x" * 60) for n in range(200)]
    error = invalid(*wrong)
    told = error_details_pb2.BadRequest()
    status_of(error).details[1].Unpack(told)
    assert len(told.field_violations) == MAX_FIELDS_TOLD
    assert sum(len(value) for _, value in error.failure.trailing_metadata()) < 6_000


@pytest.mark.parametrize(
    ("error", "code", "retries"),
    [
        (EngineOverloadedError(), grpc.StatusCode.RESOURCE_EXHAUSTED, True),
        (EngineUnavailableError(), grpc.StatusCode.UNAVAILABLE, True),
        (EngineDeadError(), grpc.StatusCode.UNAVAILABLE, True),
        (GenerationAbortedError(), grpc.StatusCode.CANCELLED, False),
        (PromptRejectedError("long"), grpc.StatusCode.INVALID_ARGUMENT, False),
        (KeyError("patient text"), grpc.StatusCode.INTERNAL, False),
    ],
)
def test_table_from_cause_to_code(error: Exception, code: grpc.StatusCode, retries: bool) -> None:
    failure = failure_of(error)
    assert failure.code is code
    assert (failure.retry_after_seconds is not None) is retries
    assert "patient text" not in failure.message


def test_readme_tells_every_reason() -> None:
    folder = Path(inference_svc.__file__).parent
    readme = (folder / "README.md").read_text("utf-8")
    source = "".join(
        (folder / f"{name}.py").read_text("utf-8")
        for name in ("errors", "readiness", "caller_limits")
    )
    reasons = set(re.findall(r'(?<!")"([A-Z]+(?:_[A-Z]+)*)"(?!")', source))
    states = {state.value for state in State}
    assert {reason for reason in reasons - states if f"`{reason}`" not in readme} == set()
    assert "QUEUE_FULL" in reasons
