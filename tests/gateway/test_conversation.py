"""The state machine as tables: where the talk stands, what came, what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clinical.assessment import Question
from gateway.conversation import (
    Act,
    Awaiting,
    CaseView,
    Limits,
    View,
    is_live,
    needs_no_quiet,
    next_move,
)
from gateway.inbound import Channel
from gateway.keywords import parse

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LIMITS = Limits(
    case_idle=timedelta(hours=2), case_life=timedelta(hours=24), turn_away=timedelta(hours=24)
)


def a_case(awaiting=None, *, minutes_ago=1, is_open=True, opened_hours_ago=0.5, question=None):
    then = NOW - timedelta(minutes=minutes_ago)
    return CaseView(
        id=42,
        is_open=is_open,
        opened_at=NOW - timedelta(hours=opened_hours_ago),
        touched_at=then,
        awaiting=awaiting,
        asked_at=then if awaiting else None,
        question=question,
    )


def a_view(case=None, **changes):
    known = View(
        channel=Channel.SMS,
        registered=True,
        consented=True,
        case=case if case is not None and case.is_open else None,
        pending=case if case is not None and case.awaiting else None,
    )
    return replace(known, **changes)


OPTIONS = Question(code="any_danger_sign", options=("none", "fits"))
NUMBER = Question(code="breaths")
QUESTION = a_case(Awaiting.QUESTION, question=OPTIONS)
COUNT = a_case(Awaiting.QUESTION, question=NUMBER)
GOING = a_case(Awaiting.GOING)
REACHED = a_case(Awaiting.REACHED, is_open=False, minutes_ago=240, opened_hours_ago=30)
OUTCOME = a_case(Awaiting.OUTCOME, is_open=False, minutes_ago=240, opened_hours_ago=30)
PLAIN = a_case()
JUST_ASKED = a_case(Awaiting.OUTCOME, is_open=False, minutes_ago=5, opened_hours_ago=50)
IDLE = a_case(Awaiting.QUESTION, question=OPTIONS, minutes_ago=121, opened_hours_ago=3)
OTHER = replace(OUTCOME, id=41)

# view, text, act, case, value
MOVES = [
    ("a first text opens a case", a_view(), "child hot 2 days", Act.TELL, None, ""),
    ("the next text goes on", a_view(PLAIN), "and coughs", Act.TELL, 42, ""),
    ("NEW opens another", a_view(PLAIN), "NEW man with chest pain", Act.TELL, None, ""),
    ("NEW alone asks for it", a_view(PLAIN), "NEW", Act.NEW_CASE, None, ""),
    ("a digit answers the question", a_view(QUESTION), "2", Act.ANSWER, 42, ""),
    ("so does free text", a_view(QUESTION), "no danger sign", Act.ANSWER, 42, ""),
    ("a number answers a count", a_view(COUNT), "52", Act.ANSWER, 42, ""),
    ("zero is a count where one is asked", a_view(COUNT), "0", Act.ANSWER, 42, ""),
    ("zero calls a person otherwise", a_view(QUESTION), "0", Act.CALL_PERSON, 42, ""),
    ("zero without a case too", a_view(), "0", Act.CALL_PERSON, None, ""),
    ("going", a_view(GOING), "1", Act.GOING, 42, ""),
    ("cannot go", a_view(GOING), "2", Act.CANNOT_GO, 42, ""),
    ("no such option asks again", a_view(GOING), "7", Act.STRAY_DIGIT, 42, "going"),
    ("yes to going", a_view(GOING), "Yes", Act.GOING, 42, ""),
    ("on the way", a_view(GOING), "on the way!", Act.GOING, 42, ""),
    ("no to going", a_view(GOING), "no", Act.CANNOT_GO, 42, ""),
    ("can't go", a_view(GOING), "can't go", Act.CANNOT_GO, 42, ""),
    ("hakuna usafiri", a_view(GOING), "Hakuna usafiri", Act.CANNOT_GO, 42, ""),
    ("yes, reached", a_view(REACHED), "oui", Act.REACHED, 42, ""),
    ("not yet reached", a_view(REACHED), "pas encore", Act.NOT_REACHED, 42, ""),
    ("better in words", a_view(OUTCOME), "Better", Act.OUTCOME, 42, "better"),
    ("same in words", a_view(OUTCOME), "vilevile", Act.OUTCOME, 42, "same"),
    ("worse in words", a_view(OUTCOME), "she is worse", Act.OUTCOME, 42, "worse"),
    ("yes is none of three", a_view(OUTCOME), "yes", Act.STRAY_DIGIT, 42, "outcome"),
    ("yes answers a question", a_view(QUESTION), "yes", Act.ANSWER, 42, ""),
    ("no answers a question", a_view(QUESTION), "hapana", Act.ANSWER, 42, ""),
    ("ok is thanks", a_view(GOING), "ok", Act.THANK, None, ""),
    ("yes without a question", a_view(PLAIN), "yes", Act.STRAY_DIGIT, None, ""),
    ("no without a question", a_view(), "no", Act.STRAY_DIGIT, None, ""),
    ("a sentence with yes is told", a_view(PLAIN), "yes and he coughs", Act.TELL, 42, ""),
    ("yes after stop begins again", a_view(opted_out=True), "YES", Act.START, None, ""),
    (
        "yes to consent",
        a_view(consented=False, consent_asked_at=NOW),
        "yes",
        Act.GIVE_CONSENT,
        None,
        "",
    ),
    (
        "no to consent",
        a_view(consented=False, consent_asked_at=NOW),
        "non",
        Act.REFUSE_CONSENT,
        None,
        "",
    ),
    (
        "the answer to what we asked just now",
        a_view(JUST_ASKED, just_asked=True),
        "she still coughs",
        Act.TELL,
        42,
        "",
    ),
    ("not after something else", a_view(JUST_ASKED), "she still coughs", Act.TELL, None, ""),
    ("not hours after", a_view(OUTCOME, just_asked=True), "she still coughs", Act.TELL, None, ""),
    ("a question of an idle case is no more", a_view(IDLE), "hot 2 days", Act.TELL, None, ""),
    ("its digit still counts", a_view(IDLE), "1", Act.ANSWER, 42, ""),
    ("zero speaks of the open case", a_view(PLAIN, pending=OTHER), "0", Act.CALL_PERSON, 42, ""),
    ("a tag with yes", a_view(tagged=REACHED), "K42 yes", Act.REACHED, 42, ""),
    ("a tag with thanks", a_view(tagged=REACHED), "K42 thank you", Act.THANK, 42, ""),
    ("a tag with zero where one is asked", a_view(tagged=COUNT), "K42 0", Act.ANSWER, 42, ""),
    ("news instead of a digit", a_view(GOING), "now fitting", Act.TELL, 42, ""),
    ("reached", a_view(REACHED), "1", Act.REACHED, 42, ""),
    ("not reached", a_view(REACHED), "2", Act.NOT_REACHED, 42, ""),
    ("better", a_view(OUTCOME), "1", Act.OUTCOME, 42, "better"),
    ("same", a_view(OUTCOME), "2", Act.OUTCOME, 42, "same"),
    ("worse", a_view(OUTCOME), "3", Act.OUTCOME, 42, "worse"),
    ("text after a closed case is a new one", a_view(OUTCOME), "baby hot", Act.TELL, None, ""),
    ("a digit out of nowhere", a_view(), "1", Act.STRAY_DIGIT, None, ""),
    ("a tag alone reopens", a_view(tagged=REACHED), "K42", Act.OTHER_CASE, 42, ""),
    ("a tag with news", a_view(PLAIN, tagged=REACHED), "K42 fitting", Act.TELL, 42, ""),
    ("a tag with a digit", a_view(tagged=REACHED), "K42 2", Act.NOT_REACHED, 42, ""),
    ("a tag with zero", a_view(tagged=REACHED), "K42 0", Act.CALL_PERSON, 42, ""),
    ("someone else's tag", a_view(), "K43 fitting", Act.NO_SUCH_CASE, None, "K43"),
    ("thanks", a_view(PLAIN), "thanks", Act.THANK, None, ""),
    ("abuse", a_view(PLAIN), "you idiot", Act.ABUSE, None, ""),
    ("an emoji", a_view(), "😀", Act.SEND_WHAT, None, ""),
    ("language", a_view(), "SW", Act.SET_LANGUAGE, None, "sw"),
    ("language asked", a_view(), "LANG", Act.ASK_LANGUAGE, None, ""),
    ("menu", a_view(), "MENU", Act.MENU, None, ""),
    ("help", a_view(), "HELP", Act.HELP, None, ""),
    ("stop", a_view(), "STOP", Act.STOP, None, ""),
    ("start", a_view(opted_out=True), "START", Act.START, None, ""),
    ("after stop nothing", a_view(opted_out=True), "child hot", Act.OPTED_OUT, None, ""),
    ("stop even if unregistered", a_view(registered=False), "STOP", Act.STOP, None, ""),
    ("unregistered", a_view(registered=False), "child hot", Act.TURN_AWAY, None, ""),
    ("a join code", a_view(registered=False), "JOIN ABCD2345", Act.JOIN, None, ""),
    (
        "unregistered again",
        a_view(registered=False, turned_away_at=NOW - timedelta(hours=1)),
        "child hot",
        Act.SILENCE,
        None,
        "turned_away",
    ),
    (
        "unregistered a day later",
        a_view(registered=False, turned_away_at=NOW - timedelta(hours=25)),
        "child hot",
        Act.TURN_AWAY,
        None,
        "",
    ),
    ("consent first", a_view(consented=False), "child hot", Act.ASK_CONSENT, None, ""),
    (
        "consent given",
        a_view(consented=False, consent_asked_at=NOW),
        "1",
        Act.GIVE_CONSENT,
        None,
        "",
    ),
    (
        "consent refused",
        a_view(consented=False, consent_asked_at=NOW),
        "2",
        Act.REFUSE_CONSENT,
        None,
        "",
    ),
    ("a digit is no consent unasked", a_view(consented=False), "1", Act.ASK_CONSENT, None, ""),
    (
        "five alike are a machine",
        a_view(PLAIN, alike=5),
        "out of office",
        Act.SILENCE,
        None,
        "alike",
    ),
    ("four alike are not", a_view(PLAIN, alike=4), "on leave", Act.TELL, 42, ""),
    ("five digits are five answers", a_view(GOING, alike=5), "1", Act.GOING, 42, ""),
    ("a flood", a_view(PLAIN, over_limit=True), "child hot", Act.LIMIT, None, ""),
]


@pytest.mark.parametrize(
    ("view", "text", "act", "case_id", "value"),
    [move[1:] for move in MOVES],
    ids=[move[0] for move in MOVES],
)
def test_what_follows(view, text, act, case_id, value):
    move = next_move(view, parse(text), NOW, LIMITS)
    assert (move.act, move.case_id, move.value) == (act, case_id, value)


@pytest.mark.parametrize(
    ("case", "live"),
    [
        (a_case(minutes_ago=119), True),
        (a_case(minutes_ago=121), False),
        (a_case(opened_hours_ago=25), False),
        (a_case(is_open=False), False),
    ],
)
def test_a_case_has_an_idle_time_and_an_absolute_life(case, live):
    assert is_live(case, NOW, LIMITS) is live


def test_an_old_question_is_not_answered_by_a_bare_digit():
    old = a_case(Awaiting.OUTCOME, is_open=False, minutes_ago=49 * 60)
    assert next_move(a_view(old), parse("1"), NOW, LIMITS).act is Act.STRAY_DIGIT


@pytest.mark.parametrize(
    ("text", "whole"),
    [("1", True), ("STOP", True), ("NEW", True), ("K42", True), ("K42 1", True),
     ("K42 fitting now", False), ("NEW child hot", False), ("child hot", False)],
)  # fmt: skip
def test_only_symptoms_wait_for_the_rest_of_a_burst(text, whole):
    assert needs_no_quiet(parse(text)) is whole
