"""Which missing fact would change the urgency most, found by trying the answers on the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clinical.assessment import Question, Urgency
from clinical.case import AgeGroup, Case, Patient, Pregnancy, Presence, Vitals
from clinical.read_case import merged_findings, merged_patient, merged_vitals, read_case
from clinical.rules import Judgement, highest_urgency, judge
from clinical.tables.question import OptionRow, QuestionRow, questions

MAX_QUESTIONS = 3


def questions_for(case: Case) -> tuple[Question, ...]:
    """At most three questions, the one that could raise the urgency most first.

    None when the case is an EMERGENCY already: the answer must not wait.
    """
    read = read_case(case)
    return questions_for_read(read.case, judge(read.case))


def questions_for_read(case: Case, judgement: Judgement) -> tuple[Question, ...]:
    """As `questions_for`, for a case whose messages are read and judged."""
    if judgement.urgency is Urgency.EMERGENCY:
        return ()
    ranked = sorted(
        (-_largest_raise(case, judgement.urgency, row), place, row)
        for place, row in enumerate(_open_questions(case, judgement))
    )
    useful = [row for gain, _place, row in ranked if gain < 0]
    return tuple(
        Question(code=row.code, options=tuple(option.code for option in row.answers))
        for row in useful[:MAX_QUESTIONS]
    )


def _open_questions(case: Case, judgement: Judgement) -> Iterator[QuestionRow]:
    """Open questions that the fired rules lean on, then those of any case."""
    named = [code for rule in judgement.fired for code in rule.ask]
    always = [row.code for row in questions().values() if row.always]
    for code in dict.fromkeys((*named, *always)):
        row = questions()[code]
        if _fits(case, judgement, row) and not _is_answered(case, row):
            yield row


def _fits(case: Case, judgement: Judgement, row: QuestionRow) -> bool:
    """Whether the question is one for the patient as judged: no man is asked of a pregnancy, and
    nobody without a pain how strong it is."""
    patient = case.patient
    present = {f.code for f in case.findings if f.presence is Presence.PRESENT}
    if row.beside and row.beside.isdisjoint(present):
        return False
    return not row.populations or any(
        population.holds(age_days=judgement.age_days, pregnancy=patient.pregnancy, sex=patient.sex)
        for population in row.populations
    )


def _is_answered(case: Case, row: QuestionRow) -> bool:
    """Whether the case knows already what some answer would state."""
    known = {f.code for f in case.findings if f.presence is not Presence.UNKNOWN}
    present = {f.code for f in case.findings if f.presence is Presence.PRESENT}
    asked = {f.code for option in row.answers for f in option.findings}
    if asked and (asked <= known or asked & present):
        return True
    return any(_adds_nothing_unknown(case, option) for option in row.answers)


def _adds_nothing_unknown(case: Case, option: OptionRow) -> bool:
    if option.patient != Patient():
        if option.patient.age_group is not AgeGroup.UNKNOWN:
            return (
                case.patient.age_days is not None or case.patient.age_group is not AgeGroup.UNKNOWN
            )
        if option.patient.pregnancy is not Pregnancy.UNKNOWN:
            return case.patient.pregnancy is not Pregnancy.UNKNOWN
        return case.patient.gestation_weeks is not None
    return option.vitals != Vitals() and merged_vitals(option.vitals, case.vitals) == case.vitals


def _largest_raise(case: Case, now: Urgency, row: QuestionRow) -> int:
    """Steps of urgency; nothing is gained by a question whose answers change nothing."""
    return max(highest_urgency(_with(case, option), at_least=now) for option in row.answers) - now


def _with(case: Case, option: OptionRow) -> Case:
    return replace(
        case,
        patient=merged_patient(case.patient, option.patient),
        vitals=merged_vitals(case.vitals, option.vitals),
        findings=merged_findings(case.findings, option.findings),
    )
