"""Compiled constraints: the verdicts of protovalidate itself, field by field."""

import random

import protovalidate
import pytest

from chewie.triage.v1 import triage_pb2 as pb
from inference_svc.constraints import UnknownRuleError, prepare, violations
from tests.inference_svc.test_faults import any_request, likely_request


def oracle_fields(request: pb.AssessRequest) -> set[str]:
    """Paths of the fields that protovalidate finds wrong."""
    return {
        "".join(
            f".{step.field_name}" + (f"[{step.index}]" if step.HasField("index") else "")
            for step in violation.proto.field.elements
        ).lstrip(".")
        for violation in protovalidate.collect_violations(request)
    }


@pytest.mark.parametrize("seed", range(60))
def test_same_fields_are_wrong_as_protovalidate_says(seed: int) -> None:
    rng = random.Random(seed)
    request = rng.choice([any_request, likely_request])(rng)
    assert {error.field for error in violations(request)} == oracle_fields(request)


@pytest.mark.parametrize("text", ["a\n", "a b", "", "x" * 129])
def test_patterns_end_where_the_text_ends(text: str) -> None:
    request = pb.AssessRequest(case=pb.Case(), request_id=text)
    assert {error.field for error in violations(request)} == oracle_fields(request)


def test_rule_of_an_unknown_kind_fails_at_once() -> None:
    from google.protobuf import descriptor_pb2, descriptor_pool

    from buf.validate import validate_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="other.proto", dependency=["buf/validate/validate.proto"], syntax="proto3"
    )
    field = file.message_type.add(name="Other").field.add(
        name="mail", number=1, type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING, label=1
    )
    field.options.Extensions[validate_pb2.field].string.email = True
    descriptor_pool.Default().Add(file)
    other = descriptor_pool.Default().FindMessageTypeByName("Other")
    with pytest.raises(UnknownRuleError, match=r"string\.email"):
        prepare(other)
