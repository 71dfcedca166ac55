"""The use case: the model's answer under the rules, and the rules when there is none to use."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from clinical import LANGUAGES, assess_by_rules, read_case
from clinical.assessment import AnswerSource, Urgency
from clinical.case import Case, Message
from inference_svc.admission import Admission
from inference_svc.assess import (
    PRIORITY_EMERGENCY,
    PRIORITY_NORMAL,
    PRIORITY_RAISED,
    Answer,
    Assessor,
    Order,
    read_by_rules,
)
from inference_svc.engine import (
    EngineDeadError,
    EngineOverloadedError,
    EngineUnavailableError,
    GenerationAbortedError,
)
from tests.inference_svc.fakes import FakeEngine, run, said, until

COLD = "child 3 yrs runny nose eats and plays"
FITS = "2yr old fitting and won't drink anything"


def an_order(text: str = COLD, **changes: Any) -> Order:
    return Order(case=Case(messages=(Message(text=text),)), **changes)


def assess(engine: FakeEngine | None, order: Order, *, places: int = 8, reserve: int = 2) -> Answer:
    admission = Admission(places=places, emergency_reserve=reserve)
    return asyncio.run(Assessor(engine, admission).assess(order, read_by_rules(order)))


def test_usable_answer_of_the_model_is_taken() -> None:
    answer = assess(FakeEngine(), an_order())
    assert answer.assessment.source is AnswerSource.MODEL_AND_RULES
    assert answer.assessment.conditions == ("cough_or_cold",)
    assert answer.fallback_reason == ""
    assert answer.usage.output_tokens == len(said()) // 4 + (len(said()) % 4 > 0)


def test_net_raises_a_model_that_reassures_beside_a_danger_sign() -> None:
    answer = assess(FakeEngine(), an_order(FITS))
    by_rules = read_by_rules(an_order(FITS)).assessment
    assert answer.assessment.urgency is Urgency.EMERGENCY
    assert answer.assessment.raised_by_rules
    assert answer.assessment.actions == by_rules.actions
    assert answer.assessment.summary == by_rules.summary


def test_dose_in_the_summary_is_removed_and_noted() -> None:
    answer = assess(FakeEngine(text=said(summary="A cold. Give 250 mg twice a day.")), an_order())
    assert "250" not in answer.assessment.summary
    assert "dose_text_removed" in answer.assessment.notes


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (None, "engine_none"),
        (FakeEngine(text='{"summary": "cut'), "unparseable"),
        (FakeEngine(text=said(urgency="LOW")), "unparseable"),
        (FakeEngine(finish_reason="length"), "length"),
        (FakeEngine(finish_reason="repetition"), "repetition"),
    ],
    ids=["none", "cut", "schema", "length", "repetition"],
)
def test_rules_answer_and_say_why_when_the_model_gives_nothing_to_use(
    engine: FakeEngine | None, reason: str
) -> None:
    order = an_order(FITS)
    answer = assess(engine, order)
    assert answer.fallback_reason == reason
    assert answer.assessment == read_by_rules(order).assessment
    assert answer.assessment.source is AnswerSource.RULES_ONLY


@pytest.mark.parametrize(
    ("engine", "error"),
    [
        (FakeEngine(dead=True), EngineDeadError),
        (FakeEngine(error=EngineUnavailableError()), EngineUnavailableError),
        (FakeEngine(finish_reason="error"), EngineUnavailableError),
        (FakeEngine(finish_reason="abort"), GenerationAbortedError),
    ],
    ids=["dead", "failed", "error", "abort"],
)
def test_engine_failure_is_told_and_never_hidden(
    engine: FakeEngine, error: type[Exception]
) -> None:
    with pytest.raises(error):
        assess(engine, an_order())


def test_full_queue_refuses_at_once_but_never_an_emergency() -> None:
    with pytest.raises(EngineOverloadedError):
        assess(FakeEngine(), an_order(), places=0, reserve=0)
    answer = assess(FakeEngine(), an_order(FITS), places=0, reserve=0)
    assert answer.fallback_reason == "overloaded"
    assert answer.assessment.urgency is Urgency.EMERGENCY


def test_emergency_may_take_the_reserve() -> None:
    assert assess(FakeEngine(), an_order(FITS), places=0, reserve=1).fallback_reason == ""


@pytest.mark.parametrize(
    ("order", "priority"),
    [
        (an_order(), PRIORITY_NORMAL),
        (an_order(raised=True), PRIORITY_RAISED),
        (an_order(FITS), PRIORITY_EMERGENCY),
        (an_order(FITS, raised=True), PRIORITY_EMERGENCY),
    ],
    ids=["normal", "raised", "emergency", "both"],
)
def test_priority_is_by_the_rules_first(order: Order, priority: int) -> None:
    engine = FakeEngine()
    assess(engine, order)
    assert engine.seen[0].priority == priority


def test_options_and_language_reach_the_engine() -> None:
    engine = FakeEngine()
    assess(engine, an_order(max_output_tokens=99, temperature=0.7, language="fr"))
    seen = engine.seen[0]
    assert (seen.max_output_tokens, seen.temperature, seen.stream) == (99, 0.7, False)
    assert "agent de santé" in seen.turns[0]["content"]


def test_prompt_holds_the_facts_that_the_rules_read() -> None:
    engine = FakeEngine()
    assess(engine, an_order("girl 8 months, rr 56, cough, no fits"))
    facts = engine.seen[0].turns[-1]["content"].splitlines()[0]
    assert "age=8m" in facts
    assert "rr=56" in facts
    assert "no: convulsions" in facts


def test_giving_up_frees_the_engine_and_the_place() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=30)
        admission = Admission(places=1, emergency_reserve=0)
        order = an_order()
        task = asyncio.create_task(Assessor(engine, admission).assess(order, read_by_rules(order)))
        await until(lambda: len(engine.running) == 1)
        assert admission.taken == 1
        task.cancel()
        await asyncio.wait([task])
        assert engine.load().running == 0
        assert admission.taken == 0

    run(scenario())


def test_request_ids_in_the_engine_are_never_the_callers() -> None:
    engine = FakeEngine()
    order = an_order()
    assess(engine, order)
    assess(engine, order)
    assert len({request.request_id for request in engine.seen}) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_reading_serves_prompt_and_rules_alike(root: Path, language: str) -> None:
    lines = (root / "clinical" / "evaluation" / "scenarios.jsonl").read_text("utf-8").splitlines()
    for line in lines[::3]:
        case = Case(messages=(Message(text=json.loads(line)["text"]),))
        reading = read_by_rules(Order(case=case, language=language))
        assert reading.assessment == assess_by_rules(case, language=language)
        assert reading.case == read_case(case).case
