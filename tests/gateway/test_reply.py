from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical import assess_text
from clinical.assessment import AnswerSource, Assessment, Question, Referral, ReferralLevel, Urgency
from clinical.case import AgeGroup, Patient, Pregnancy, Sex
from clinical.phrases import Form, Kind, phrase
from clinical.tables import actions, conditions, permitted_actions
from gateway.gsm7 import measure
from gateway.inbound import Channel
from gateway.phrases import say
from gateway.reply import Place, ReplyFacts, dated, render_reply
from gateway.who import describe_patient

EMERGENCY = Assessment(
    urgency=Urgency.EMERGENCY,
    summary="Fits and not drinking.",
    conditions=("very_severe_febrile_disease",),
    actions=("refer_now", "position_on_side", "prevent_low_sugar", "arrange_transport"),
    referral=Referral(needed=True, within_hours=0, level=ReferralLevel.HOSPITAL),
    source=AnswerSource.MODEL_AND_RULES,
)
CHILD = Patient(age_days=426, sex=Sex.FEMALE)


def facts(**changes):
    known = ReplyFacts(
        tag="K42",
        assessment=EMERGENCY,
        patient=CHILD,
        language="en",
        channel=Channel.SMS,
        asks_going=True,
    )
    return replace(known, **changes)


def test_tag_urgency_and_instruction_come_first_and_the_digits_last():
    reply = render_reply(facts())
    assert reply.startswith("K42 EMERGENCY. Refer NOW. To: hospital.")
    assert reply.endswith("Reply 1=going 2=cannot go")


def test_a_known_facility_is_named_with_its_phone():
    reply = render_reply(facts(place=Place(name="Kisumu Hosp", phone="0712345678")))
    assert "Go to Kisumu Hosp 0712345678." in reply
    assert "hospital" not in reply


def test_the_likely_condition_is_named():
    assert "Likely: very severe febrile disease." in render_reply(facts())


def test_whom_it_is_about_is_echoed():
    assert "(girl 14 mo)" in render_reply(facts())


def test_demo_stands_first():
    assert render_reply(facts(demo=True)).startswith("DEMO K42 EMERGENCY")


def test_rules_alone_are_said():
    alone = replace(EMERGENCY, source=AnswerSource.RULES_ONLY)
    assert "by rules" in render_reply(facts(assessment=alone))
    assert "by rules" not in render_reply(facts())


def test_a_question_ends_the_reply_with_numbered_answers():
    question = assess_text("child 3 yrs runny nose eats and plays").questions[0]
    milder = replace(EMERGENCY, urgency=Urgency.HOME, actions=("home_care",), referral=Referral())
    reply = render_reply(facts(assessment=milder, asks=question, asks_going=False))
    last = phrase(Kind.OPTION, question.options[-1], language="en").rstrip(".")
    assert reply.endswith(f"{len(question.options)}={last}")


def test_whatsapp_has_the_fuller_form():
    long = render_reply(facts(channel=Channel.WHATSAPP))
    assert "Fits and not drinking." in long
    assert len(long) > len(render_reply(facts()))
    assert len(long) <= 1_024


@pytest.mark.parametrize("code", sorted(conditions()))
def test_every_condition_fits_with_the_instruction(code):
    reply = render_reply(facts(assessment=replace(EMERGENCY, conditions=(code,)), demo=True))
    assert measure(reply).segments <= 2
    assert reply.startswith("DEMO K42 EMERGENCY. Refer NOW.")


URGENT_ENOUGH = st.sampled_from([u for u in Urgency if u is not Urgency.UNSPECIFIED])


@st.composite
def assessments(draw):
    urgency = draw(URGENT_ENOUGH)
    allowed = sorted(permitted_actions(urgency))
    chosen = draw(st.lists(st.sampled_from(allowed), min_size=1, max_size=6, unique=True))
    needed = urgency >= Urgency.ROUTINE
    level = draw(st.sampled_from(list(ReferralLevel)[1:])) if needed else ReferralLevel.NONE
    return Assessment(
        urgency=urgency,
        conditions=tuple(draw(st.lists(st.sampled_from(sorted(conditions())), max_size=3))),
        actions=tuple(chosen),
        referral=Referral(needed=needed, level=level),
        source=draw(st.sampled_from(list(AnswerSource))),
    )


PATIENTS = st.builds(
    Patient,
    age_days=st.none() | st.integers(0, 40_000),
    age_group=st.sampled_from(AgeGroup),
    sex=st.sampled_from(Sex),
    pregnancy=st.sampled_from(Pregnancy),
    gestation_weeks=st.none() | st.integers(1, 42),
)
QUESTIONS = st.none() | st.sampled_from(assess_text("child hot").questions or (None,))


@given(
    assessment=assessments(),
    patient=PATIENTS,
    question=QUESTIONS,
    demo=st.booleans(),
    two=st.booleans(),
)
def test_no_reply_is_longer_than_two_segments_or_cut_inside_an_instruction(
    assessment, patient, question, demo, two
):
    reply = render_reply(
        facts(
            assessment=assessment,
            patient=patient,
            asks=question,
            asks_going=question is None and assessment.referral.needed,
            demo=demo,
            two_patients=two,
        )
    )
    assert measure(reply).segments <= 2
    assert measure(reply).encoding == "GSM-7"
    rest = reply
    for code in assessment.actions:
        words = phrase(Kind.ACTION, code, language="en", form=Form.SMS)
        whole = words if words[-1] in ".!" else words + "."
        rest = rest.replace(whole, "", 1)
        beginning = words[: len(words) // 2]
        assert len(beginning) < 12 or beginning not in rest or _shared_start(beginning, words)


def _shared_start(beginning, words):
    """Whether another action begins alike."""
    others = [phrase(Kind.ACTION, code, language="en", form=Form.SMS) for code in actions()]
    return any(other.startswith(beginning) for other in others if other != words)


def test_the_reasons_go_before_the_instructions():
    crowded = replace(
        EMERGENCY,
        danger_signs=assess_text("2yr old fitting and won't drink anything").danger_signs,
        actions=("refer_now", *sorted(permitted_actions(Urgency.EMERGENCY) - {"refer_now"})[:6]),
    )
    reply = render_reply(facts(assessment=crowded))
    assert "Why:" not in reply
    assert "Refer NOW" in reply


@pytest.mark.parametrize("language", ["en", "fr", "sw"])
def test_whom_it_is_about_comes_back_where_a_longer_sentence_went(language):
    cough = assess_text("14 month girl cough 3 days breathing 55")
    place = Place(name="Kisumu County Referral Hosp", phone="0712345678")
    reply = render_reply(facts(assessment=cough, language=language, place=place))
    assert say("about", language, who=describe_patient(CHILD, language)) in reply
    assert measure(reply).segments == 2


@pytest.mark.parametrize("language", ["en", "fr", "sw"])
def test_the_note_of_a_late_answer_has_room_in_the_fullest_reply(language):
    crowded = replace(
        EMERGENCY,
        actions=("refer_now", *sorted(permitted_actions(Urgency.EMERGENCY) - {"refer_now"})[:6]),
        source=AnswerSource.RULES_ONLY,
    )
    reply = render_reply(facts(assessment=crowded, language=language, demo=True))
    late = dated(reply, 240, language)
    assert late.startswith("DEMO (")
    assert measure(late).segments == 2


def test_a_question_without_options_asks_for_the_answer():
    reply = render_reply(facts(asks=Question(code="breaths_per_minute"), asks_going=False))
    assert reply.endswith("Send the answer.")
