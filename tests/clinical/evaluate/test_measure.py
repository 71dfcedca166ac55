import pytest

from clinical.assessment import Assessment, DangerSign, Referral, Source, Urgency
from clinical.case import Evidence, Patient
from clinical.evaluate.cases import LabelledCase
from clinical.evaluate.judge import METRICS, Outcome, hallucinates, has_dose
from clinical.evaluate.measure import answer_cases, measure


def a_case(text: str = "2yr fits now", **changes: object) -> LabelledCase:
    fields: dict[str, object] = {"id": text, "text": text, "urgency": Urgency.EMERGENCY, **changes}
    return LabelledCase(**fields)  # type: ignore[arg-type]


def a_sign(code: str, text: str | None = None, start: int = 0) -> DangerSign:
    if text is None:
        return DangerSign(code=code, source=Source.MODEL)
    evidence = Evidence(message=0, start=start, end=start + len(text), text=text)
    return DangerSign(code=code, source=Source.RULE, rule_id="R1", evidence=evidence)


def shares(cases: list[LabelledCase], given: list[Assessment]) -> dict[str, tuple[int, int]]:
    outcomes = [Outcome(case=c, answer=a) for c, a in zip(cases, given, strict=True)]
    return {name: (p.hits, p.total) for name, p in measure(outcomes).metrics.items()}


def test_the_callable_gets_text_language_and_patient_of_each_case_in_order() -> None:
    asked: list[tuple[str, str | None, Patient | None]] = []

    def assess(text: str, language: str | None, patient: Patient | None) -> Assessment:
        asked.append((text, language, patient))
        return Assessment(urgency=Urgency.URGENT)

    patient = Patient(age_days=400)
    cases = [a_case("one", language="sw", patient=patient), a_case("two")]
    outcomes = answer_cases(cases, assess)
    assert asked == [("one", "sw", patient), ("two", None, None)]
    assert [outcome.case.id for outcome in outcomes] == ["one", "two"]


def test_a_condition_that_a_fired_rule_suggests_is_no_invention() -> None:
    case = a_case("x", urgency=Urgency.HOME, condition="cough_or_cold")
    answer = Assessment(urgency=Urgency.ROUTINE, conditions=("malaria",), rule_ids=("R1",))
    for suggestions, invented in (
        ({"R1": "malaria"}, False),
        ({"R1": "measles"}, True),
        ({}, True),
    ):
        (outcome,) = answer_cases([case], lambda *_: answer, conditions_by_rule=suggestions)
        assert hallucinates(outcome) is invented


def test_recall_counts_urgency_reached_and_names_the_missed() -> None:
    cases = [
        a_case("a", danger_signs=("convulsions", "fever"), language="en"),
        a_case("b", danger_signs=("fever",), language="fr"),
        a_case("c", group="vitals_bp", language="fr"),
        a_case("d", urgency=Urgency.URGENT, danger_signs=("blood_in_stool",), language="en"),
        a_case("e", urgency=Urgency.HOME, language="en"),
    ]
    given = [Urgency.EMERGENCY, Urgency.URGENT, Urgency.EMERGENCY, Urgency.EMERGENCY, Urgency.HOME]
    report = measure(
        [Outcome(case=c, answer=Assessment(urgency=u)) for c, u in zip(cases, given, strict=True)]
    )
    recall = report.metrics["danger_sign_recall"]
    assert (recall.hits, recall.total) == (3, 4)
    assert report.missed_ids == ("b",)
    by_sign = {sign: (p.hits, p.total) for sign, p in report.recall_by_sign.items()}
    assert by_sign == {
        "blood_in_stool": (1, 1),
        "convulsions": (1, 1),
        "fever": (1, 2),
        "vitals_bp": (1, 1),
    }
    by_language = {name: (p.hits, p.total) for name, p in report.recall_by_language.items()}
    assert by_language == {"en": (2, 2), "fr": (1, 2)}


def test_an_answer_without_urgency_never_counts_as_reached() -> None:
    result = shares(
        [a_case(), a_case("x", urgency=Urgency.HOME)], [Assessment(urgency=Urgency.UNSPECIFIED)] * 2
    )
    assert result["danger_sign_recall"] == (0, 1)
    assert result["under_triage"] == (1, 1)
    assert result["urgency_exact"] == (0, 2)


def test_triage_errors_are_counted_over_the_cases_that_can_have_them() -> None:
    cases = [a_case(str(u), urgency=u) for u in list(Urgency)[1:]]
    everything_raised = shares(cases, [Assessment(urgency=Urgency.EMERGENCY)] * 4)
    assert everything_raised["over_triage"] == (3, 3)
    assert everything_raised["over_triage_today"] == (2, 2)
    assert everything_raised["emergency_on_controls"] == (2, 2)
    assert everything_raised["under_triage"] == (0, 3)
    everything_home = shares(cases, [Assessment(urgency=Urgency.HOME)] * 4)
    assert everything_home["over_triage"] == (0, 3)
    assert everything_home["under_triage"] == (3, 3)
    assert everything_home["under_triage_today"] == (2, 2)
    one_step = shares(cases, [Assessment(urgency=Urgency.ROUTINE)] * 4)
    assert one_step["over_triage"] == (1, 3)
    assert one_step["over_triage_today"] == (0, 2)
    assert one_step["emergency_on_controls"] == (0, 2)


def test_referral_is_measured_both_ways_and_only_where_labelled() -> None:
    cases = [
        a_case("a", refer=True),
        a_case("b", refer=True),
        a_case("c", refer=False, urgency=Urgency.HOME),
        a_case("d"),
    ]
    sent = Assessment(urgency=Urgency.EMERGENCY, referral=Referral(needed=True))
    kept = Assessment(urgency=Urgency.HOME)
    result = shares(cases, [sent, kept, sent, sent])
    assert result["referral_sensitivity"] == (1, 2)
    assert result["referral_specificity"] == (0, 1)
    assert result["referral_appropriate"] == (1, 3)


def test_diagnosis_counts_the_first_condition_only() -> None:
    cases = [a_case("a", condition="malaria"), a_case("b", condition="malaria"), a_case("c")]
    first = Assessment(urgency=Urgency.EMERGENCY, conditions=("malaria", "pneumonia"))
    second = Assessment(urgency=Urgency.EMERGENCY, conditions=("pneumonia", "malaria"))
    assert shares(cases, [first, second, second])["diagnosis_top_1"] == (1, 2)


def test_a_sign_is_named_by_code_only_when_all_of_the_case_are() -> None:
    cases = [a_case("a", danger_signs=("convulsions", "fever"))] * 2
    both = Assessment(
        urgency=Urgency.EMERGENCY, danger_signs=(a_sign("fever"), a_sign("convulsions"))
    )
    one = Assessment(urgency=Urgency.EMERGENCY, danger_signs=(a_sign("fever"),))
    assert shares(cases, [both, one])["danger_sign_named"] == (1, 2)


BY_MEASUREMENT = DangerSign(code="fast_breathing", source=Source.RULE, rule_id="R1")
HOME_CASE = a_case("no fits", urgency=Urgency.HOME, condition="cough_or_cold")
FITS_CASE = a_case("2yr fits now", danger_signs=("convulsions",), condition="severe_malaria")


@pytest.mark.parametrize(
    ("case", "answer", "expected"),
    [
        (FITS_CASE, {"danger_signs": (a_sign("convulsions"),)}, False),
        (FITS_CASE, {"danger_signs": (a_sign("lethargic"),)}, True),
        (FITS_CASE, {"danger_signs": (a_sign("lethargic", "now", 9),)}, False),
        (FITS_CASE, {"danger_signs": (a_sign("lethargic", "floppy", 0),)}, True),
        (FITS_CASE, {"danger_signs": (BY_MEASUREMENT,)}, False),
        (a_case("fits now"), {"danger_signs": (BY_MEASUREMENT,)}, True),
        (HOME_CASE, {"danger_signs": (a_sign("convulsions", "fits", 3),)}, True),
        (HOME_CASE, {"conditions": ("cough_or_cold",)}, False),
        (HOME_CASE, {"conditions": ("cholera",)}, True),
        (HOME_CASE, {"conditions": ("not_clear",)}, False),
        (a_case("x"), {"conditions": ("cholera",)}, False),
    ],
    ids=[
        "labelled sign",
        "sign without evidence",
        "further sign with evidence",
        "evidence that the text does not hold",
        "rule's sign from a number",
        "rule's sign without words or number",
        "sign read out of a denial",
        "labelled condition",
        "condition from nowhere",
        "not clear claims nothing",
        "condition not labelled",
    ],
)
def test_hallucination_is_what_the_case_does_not_support(
    case: LabelledCase, answer: dict[str, object], expected: bool
) -> None:
    given = Assessment(urgency=case.urgency, **answer)  # type: ignore[arg-type]
    assert hallucinates(Outcome(case=case, answer=given)) is expected


@pytest.mark.parametrize(
    "summary",
    [
        "Give 500 mg now",
        "Give 5ml syrup",
        "2 tablets daily",
        "one tablet at night",
        "10 IU",
        "15mg/kg",
        "prendre 2 comprimés",
        "mpe vidonge 2",
        "give per kg",
    ],
)
def test_dose_like_text_is_found(summary: str) -> None:
    assert has_dose(
        Outcome(case=a_case(), answer=Assessment(urgency=Urgency.HOME, summary=summary))
    )


@pytest.mark.parametrize(
    "summary",
    [
        "",
        "Refer now. Fits for 20 minutes.",
        "Pregnant 33 weeks, BP 175/112.",
        "Age 2 years, 3 days ill.",
    ],
)
def test_ages_times_and_pressures_are_no_dose(summary: str) -> None:
    answer = Assessment(urgency=Urgency.HOME, summary=summary)
    assert not has_dose(Outcome(case=a_case(), answer=answer))


def test_groups_and_languages_are_told_apart() -> None:
    cases = [
        a_case("a", group="maternal_health", language="en"),
        a_case("b", group="chronic_conditions", urgency=Urgency.ROUTINE, language="fr"),
        a_case("c", urgency=Urgency.HOME, language="en"),
    ]
    raised = [Outcome(case=c, answer=Assessment(urgency=Urgency.EMERGENCY)) for c in cases]
    report = measure(raised)
    assert list(report.metrics_by_group) == ["chronic_conditions", "maternal_health"]
    assert report.metrics_by_group["maternal_health"]["danger_sign_recall"].hits == 1
    assert report.emergency_on_controls_by_language["fr"].total == 1
    assert report.alarm_ids == ("b", "c")
    assert report.confusion[(Urgency.ROUTINE, Urgency.EMERGENCY)] == 1


def test_remarks_tell_what_a_number_cannot() -> None:
    only_danger = [
        Outcome(case=a_case(danger_signs=("xx",)), answer=Assessment(urgency=Urgency.HOME))
    ]
    told = " ".join(measure(only_danger, closed_codes={"convulsions"}).remarks)
    assert "xx" in told
    assert "No text is a control" in told


def test_metric_names_are_unique() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
