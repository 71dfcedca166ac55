from collections.abc import Callable

import pytest

from clinical.answer import answer, framed_actions
from clinical.assessment import Assessment, ReferralLevel, Source, Urgency
from clinical.case import Case, Evidence, Finding, Patient, Pregnancy
from clinical.rules import judge
from clinical.tables import Rule, permitted_actions, rules

CaseBuilder = Callable[..., Case]


def answered(case: Case) -> Assessment:
    return answer(case, judge(case))


def test_an_emergency_refers_now_to_the_hospital(a_case: CaseBuilder) -> None:
    given = answered(a_case("convulsions", age_days=700))
    assert given.actions[0] == "refer_now"
    assert (given.referral.needed, given.referral.within_hours) == (True, 0)
    assert given.referral.level is ReferralLevel.HOSPITAL
    assert given.referral.reason == "convulsions"


def test_urgent_refers_within_a_day(a_case: CaseBuilder) -> None:
    given = answered(a_case("blood_in_stool", age_days=700))
    assert (given.actions[0], given.referral.within_hours) == ("refer_same_day", 24)


def test_routine_and_home_do_not_refer(a_case: CaseBuilder) -> None:
    for case in (a_case("ear_pain", age_days=700), a_case("runny_nose", age_days=700)):
        assert not answered(case).referral.needed
        assert answered(case).referral.within_hours is None


def test_a_danger_sign_carries_its_rule_and_the_words_that_state_it() -> None:
    words = Evidence(message=0, start=4, end=8, text="fits")
    case = Case(
        patient=Patient(age_days=700), findings=(Finding(code="convulsions", evidence=words),)
    )
    (sign,) = answered(case).danger_signs
    assert (sign.code, sign.source, sign.rule_id) == ("convulsions", Source.RULE, "IMCI-GDS-01")
    assert sign.evidence == words


def test_a_sign_that_follows_from_another_is_not_listed(a_case: CaseBuilder) -> None:
    given = answered(a_case("sudden_severe_headache", age_days=12000))
    assert [sign.code for sign in given.danger_signs] == ["sudden_severe_headache"]


def test_a_measured_sign_is_listed(a_case: CaseBuilder) -> None:
    given = answered(a_case("cough", age_days=300, respiratory_rate_per_minute=64))
    assert [sign.code for sign in given.danger_signs] == ["fast_breathing"]


def test_the_most_specific_condition_comes_first(a_case: CaseBuilder) -> None:
    case = a_case("severe_headache", pregnancy=Pregnancy.PREGNANT, systolic_mmhg=170)
    assert answered(case).conditions[0] == "severe_preeclampsia"


def test_a_rule_without_a_condition_leaves_the_naming_to_the_next(a_case: CaseBuilder) -> None:
    given = answered(a_case("severe_pain", "deformity", age_days=12000))
    assert (given.urgency, given.conditions) == (Urgency.EMERGENCY, ("fracture",))
    mild = answered(a_case("severe_pain", "runny_nose", age_days=12000))
    assert mild.conditions == ("not_clear",)


def test_no_illness_is_not_named_beside_an_illness(a_case: CaseBuilder) -> None:
    given = answered(a_case("runny_nose", "plays", age_days=1200))
    assert given.conditions == ("cough_or_cold",)


def test_nothing_known_is_not_clear(a_case: CaseBuilder) -> None:
    given = answered(a_case())
    assert (given.conditions, given.rule_ids) == (("not_clear",), ())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule.id))
def test_the_answer_of_every_rule_holds_permitted_actions_only(rule: Rule) -> None:
    actions = framed_actions(rule.urgency, rule.actions)
    assert set(actions) <= permitted_actions(rule.urgency)
    assert set(rule.actions) <= set(actions)
    assert len(actions) <= 6


def test_milder_actions_are_dropped() -> None:
    assert "home_care" not in framed_actions(Urgency.EMERGENCY, ["home_care", "keep_warm"])
