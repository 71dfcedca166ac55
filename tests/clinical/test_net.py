"""The net over models that are right, wrong, empty, contradicting or hostile."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical import apply_safety_net, assess_by_rules
from clinical.assessment import (
    AnswerSource,
    Assessment,
    DangerSign,
    Referral,
    ReferralLevel,
    Source,
    Urgency,
)
from clinical.case import AgeGroup, Case, Finding, Patient, Pregnancy, Presence, Sex, Vitals
from clinical.dose import DOSE
from clinical.tables import actions, conditions, danger_sign_codes, findings, permitted_actions

CaseBuilder = Callable[..., Case]

codes_and_noise = st.one_of(st.sampled_from(["", "give_amoxicillin", "flu"]), st.text(max_size=8))


def some_of(codes: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.one_of(st.sampled_from(codes), codes_and_noise), max_size=6).map(tuple)


patients = st.builds(
    Patient,
    age_days=st.none() | st.integers(0, 40_000),
    age_group=st.sampled_from(AgeGroup),
    sex=st.sampled_from(Sex),
    pregnancy=st.sampled_from(Pregnancy),
    gestation_weeks=st.none() | st.integers(4, 42),
)
vitals = st.builds(
    Vitals,
    temp_celsius=st.none() | st.floats(34, 42),
    respiratory_rate_per_minute=st.none() | st.integers(8, 90),
    systolic_mmhg=st.none() | st.integers(60, 220),
    diastolic_mmhg=st.none() | st.integers(40, 130),
    muac_mm=st.none() | st.integers(90, 260),
    spo2_percent=st.none() | st.integers(70, 100),
)
stated = st.builds(
    Finding, code=st.sampled_from(sorted(findings())), presence=st.sampled_from(Presence)
)
danger_signs = st.builds(Finding, code=st.sampled_from(danger_sign_codes()))
cases = st.builds(
    Case,
    patient=patients,
    vitals=vitals,
    findings=st.lists(stated, max_size=6).map(tuple),
)
signs = st.builds(
    DangerSign,
    code=st.one_of(st.sampled_from(danger_sign_codes()), codes_and_noise),
    source=st.sampled_from(Source),
)
summaries = st.text(max_size=300) | st.sampled_from(
    ["Give 500 mg now. Reassure the mother.", "Likely a cold.\nAmoxicillin 5\nml.", "x" * 300]
)
assessments = st.builds(
    Assessment,
    urgency=st.sampled_from(Urgency),
    summary=summaries,
    danger_signs=st.lists(signs, max_size=4).map(tuple),
    conditions=some_of(sorted(conditions())),
    actions=some_of(sorted(actions())),
    referral=st.builds(Referral, level=st.sampled_from(ReferralLevel), needed=st.booleans()),
    source=st.just(AnswerSource.MODEL_AND_RULES),
)


@settings(max_examples=200, deadline=None)
@given(cases, assessments)
def test_the_net_never_lowers_the_rules_or_the_model(case: Case, model: Assessment) -> None:
    rules = assess_by_rules(case)
    assert apply_safety_net(case, model).urgency == max(rules.urgency, model.urgency)


@settings(max_examples=200, deadline=None)
@given(cases, assessments)
def test_rules_that_were_asked_before_give_the_same_answer(case: Case, model: Assessment) -> None:
    asked = assess_by_rules(case)
    assert apply_safety_net(case, model, rules=asked) == apply_safety_net(case, model)


@settings(max_examples=200, deadline=None)
@given(cases, assessments)
def test_the_net_over_its_own_answer_changes_nothing(case: Case, model: Assessment) -> None:
    once = apply_safety_net(case, model)
    assert apply_safety_net(case, once) == once


@settings(max_examples=200, deadline=None)
@given(cases, assessments)
def test_every_answer_of_the_net_is_whole(case: Case, model: Assessment) -> None:
    netted = apply_safety_net(case, model)
    assert set(netted.actions) <= permitted_actions(netted.urgency)
    assert netted.conditions
    assert set(netted.conditions) <= conditions().keys()
    assert {sign.code for sign in netted.danger_signs} <= set(danger_sign_codes())
    assert len({sign.code for sign in netted.danger_signs}) == len(netted.danger_signs)
    assert netted.referral.needed is (netted.urgency >= Urgency.URGENT)
    assert netted.referral.needed is (netted.referral.level is not ReferralLevel.NONE)
    assert len(netted.summary) <= 240
    assert not DOSE.search(netted.summary)
    assert netted.urgency is not Urgency.EMERGENCY or netted.questions == ()


@settings(max_examples=300, deadline=None)
@given(cases, danger_signs, assessments)
def test_one_more_sign_never_lowers_the_answer(
    case: Case, finding: Finding, model: Assessment
) -> None:
    more = replace(case, findings=(*case.findings, finding))
    assert apply_safety_net(more, model).urgency >= apply_safety_net(case, model).urgency


@settings(max_examples=100, deadline=None)
@given(cases)
def test_a_model_that_always_says_home_never_lowers_the_answer(case: Case) -> None:
    soothing = Assessment(
        urgency=Urgency.HOME,
        summary="Nothing to worry about.",
        conditions=("no_illness",),
        actions=("home_care",),
    )
    rules = assess_by_rules(case)
    netted = apply_safety_net(case, soothing)
    assert netted.urgency is rules.urgency
    assert netted.danger_signs == rules.danger_signs
    if rules.urgency > Urgency.HOME:
        assert netted.raised_by_rules
        assert (netted.summary, netted.conditions) == (rules.summary, rules.conditions)
        assert (netted.actions, netted.referral) == (rules.actions, rules.referral)


def test_a_raise_leaves_nothing_milder(a_case: CaseBuilder) -> None:
    model = Assessment(
        urgency=Urgency.ROUTINE,
        summary="Likely a cold. Come back in two days.",
        danger_signs=(DangerSign(code="stiff_neck", source=Source.MODEL),),
        conditions=("cough_or_cold",),
        actions=("home_care", "follow_up_2_days"),
        source=AnswerSource.MODEL_AND_RULES,
    )
    netted = apply_safety_net(a_case("convulsions", "cough", age_days=800), model)
    assert netted.raised_by_rules
    assert netted.source is AnswerSource.MODEL_AND_RULES
    assert "cold" not in netted.summary
    assert "cough_or_cold" not in netted.conditions
    assert not {"home_care", "follow_up_2_days"} & set(netted.actions)
    assert [(s.code, s.source) for s in netted.danger_signs] == [
        ("convulsions", Source.RULE),
        ("stiff_neck", Source.MODEL),
    ]


def test_what_was_not_answered_is_answered_by_the_rules(a_case: CaseBuilder) -> None:
    case = a_case("convulsions", age_days=800)
    netted = apply_safety_net(case, Assessment(urgency=Urgency.UNSPECIFIED, summary="?"))
    assert netted == assess_by_rules(case)


def test_a_model_may_be_more_careful_than_the_rules(a_case: CaseBuilder) -> None:
    model = Assessment(
        urgency=Urgency.EMERGENCY,
        summary="Looks septic.",
        conditions=("sepsis",),
        actions=("refer_now", "home_care", "keep_warm"),
    )
    netted = apply_safety_net(a_case("fever", age_days=12000), model)
    assert (netted.urgency, netted.raised_by_rules) == (Urgency.EMERGENCY, False)
    assert (netted.summary, netted.conditions) == ("Looks septic.", ("sepsis",))
    assert netted.actions[0] == "refer_now"
    assert "keep_warm" in netted.actions
    assert "home_care" not in netted.actions


def test_at_equal_urgency_the_rules_sign_names_the_condition(a_case: CaseBuilder) -> None:
    model = Assessment(
        urgency=Urgency.EMERGENCY,
        summary="Fits with fever.",
        conditions=("epilepsy",),
        actions=("refer_now", "prevent_low_sugar"),
    )
    netted = apply_safety_net(a_case("convulsions", "fever", age_days=800), model)
    assert netted.conditions == ("very_severe_febrile_disease", "epilepsy")
    assert netted.summary == "Fits with fever."
    assert netted.actions[:3] == ("refer_now", "protect_during_fit", "position_on_side")


def test_a_dose_of_the_model_is_dropped(a_case: CaseBuilder) -> None:
    model = Assessment(
        urgency=Urgency.ROUTINE, summary="Likely malaria. Give 2 tablets twice a day."
    )
    netted = apply_safety_net(a_case("fever", age_days=800), model)
    assert netted.summary == "Likely malaria."


def test_home_is_never_kept_when_nothing_was_read(a_case: CaseBuilder) -> None:
    netted = apply_safety_net(a_case(), Assessment(urgency=Urgency.HOME, summary="Fine."))
    assert netted.urgency is Urgency.ROUTINE
    assert netted.questions


@pytest.mark.parametrize("language", ["en", "fr", "sw"])
def test_a_raised_summary_speaks_the_language(a_case: CaseBuilder, language: str) -> None:
    case = a_case("convulsions", age_days=800)
    netted = apply_safety_net(
        case, Assessment(urgency=Urgency.HOME, summary="Fine."), language=language
    )
    assert netted.summary == assess_by_rules(case, language=language).summary
    assert netted.summary


def test_a_sign_that_was_answered_with_no_is_not_told_back(a_case: CaseBuilder) -> None:
    denied = Finding(code="epigastric_pain", presence=Presence.ABSENT)
    case = a_case("headache", pregnancy=Pregnancy.PREGNANT)
    case = replace(case, findings=(*case.findings, denied))
    model = Assessment(
        urgency=Urgency.EMERGENCY,
        danger_signs=(DangerSign(code="epigastric_pain", source=Source.MODEL),),
        conditions=("severe_preeclampsia",),
    )
    netted = apply_safety_net(case, model)
    assert netted.urgency is Urgency.EMERGENCY  # only raises: what a model fears stays
    assert "epigastric_pain" not in {sign.code for sign in netted.danger_signs}


def test_fast_breathing_is_not_told_back_where_the_count_is_slow(a_case: CaseBuilder) -> None:
    case = a_case("cough", age_days=3 * 365)
    case = replace(case, vitals=Vitals(respiratory_rate_per_minute=35))
    model = Assessment(
        urgency=Urgency.EMERGENCY,
        danger_signs=(DangerSign(code="fast_breathing", source=Source.MODEL),),
        conditions=("severe_pneumonia",),
    )
    assert apply_safety_net(case, model).danger_signs == ()
    fast = replace(case, vitals=Vitals(respiratory_rate_per_minute=62))
    assert "fast_breathing" in {sign.code for sign in apply_safety_net(fast, model).danger_signs}
