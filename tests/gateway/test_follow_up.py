import pytest
from sqlalchemy import select

from clinical.assessment import ReferralLevel
from gateway.chores import ask_due_follow_ups, close_expired_cases
from gateway.store.contacts import Person
from gateway.store.facilities import Facility, nearest, save_facilities
from gateway.tables import consultation, follow_up, incident

HOSPITAL = Facility(
    name="Kisumu Hosp",
    phone="+254733000001",
    level=ReferralLevel.HOSPITAL,
    area="Kisumu",
    latitude=-0.09,
    longitude=34.76,
    takes_notes=True,
)
POST = Facility(
    name="Ahero Post",
    phone="0711",
    level=ReferralLevel.HEALTH_POST,
    area="Kisumu",
    latitude=-0.17,
    longitude=34.92,
)
FAR = Facility(
    name="Nairobi Hosp",
    phone="0722",
    level=ReferralLevel.HOSPITAL,
    area="Nairobi",
    latitude=-1.3,
    longitude=36.8,
)


def a_person(**changes):
    known = {"id": 1, "language": "en", "area": "Kisumu", "consented_at": None}
    return Person(**{**known, **changes})


NEAR_AHERO = {"latitude": -0.17, "longitude": 34.9}
CHOICES = [
    (
        "the nearest that can take it",
        a_person(**NEAR_AHERO),
        ReferralLevel.HOSPITAL,
        HOSPITAL,
    ),
    ("a lower level where it is enough", a_person(**NEAR_AHERO), ReferralLevel.HEALTH_POST, POST),
    ("by area without a position", a_person(), ReferralLevel.HOSPITAL, HOSPITAL),
    ("none in another area", a_person(area="Turkana"), ReferralLevel.HOSPITAL, None),
    ("none without area and position", a_person(area=""), ReferralLevel.HOSPITAL, None),
    ("none for a stranger", None, ReferralLevel.HOSPITAL, None),
]


@pytest.mark.parametrize(
    ("person", "level", "chosen"), [c[1:] for c in CHOICES], ids=[c[0] for c in CHOICES]
)
def test_a_facility_is_chosen_and_never_invented(person, level, chosen):
    assert nearest([FAR, POST, HOSPITAL], level, person) is chosen


@pytest.fixture
def in_kisumu(registered):
    """A worker of an area with a directory."""
    with registered.gateway.engine.begin() as connection:
        save_facilities(connection, [HOSPITAL, POST, FAR])
        connection.exec_driver_sql("UPDATE health_worker SET area = 'Kisumu'")
    return registered


def the_case(talk):
    with talk.gateway.engine.begin() as connection:
        return connection.execute(select(consultation)).one()


def test_the_reply_names_the_facility_and_its_phone(in_kisumu):
    assert "Go to Kisumu Hosp +254733000001." in in_kisumu.say("2yr old fitting")[0]


def test_the_facility_is_told_who_comes_without_name_or_number(in_kisumu, twilio):
    in_kisumu.say("girl 2 years fitting")
    before = len(twilio.replies(HOSPITAL.phone))
    in_kisumu.say("1")
    note = twilio.replies(HOSPITAL.phone)[before:][0].body
    assert note.startswith("K1 referred to you: girl 2 y. EMERGENCY.")
    assert in_kisumu.phone not in note
    assert "AMINA" not in note


def test_what_became_of_a_referral_is_asked_and_kept(in_kisumu, clock):
    in_kisumu.say("2yr old fitting")
    in_kisumu.say("1")
    assert ask_due_follow_ups(in_kisumu.gateway) == 0
    clock.forward(hours=4.1)
    assert ask_due_follow_ups(in_kisumu.gateway) == 1
    assert ask_due_follow_ups(in_kisumu.gateway) == 0
    in_kisumu.work()
    assert in_kisumu.replies()[-1] == "K1 Did the patient reach care? 1=yes 2=no"
    in_kisumu.say("1")
    clock.forward(hours=49)
    assert ask_due_follow_ups(in_kisumu.gateway) == 1
    in_kisumu.work()
    assert in_kisumu.replies()[-1] == "K1 How is the patient? 1=better 2=same 3=worse"
    in_kisumu.say("1")
    case = the_case(in_kisumu)
    assert (case.going, case.reached, case.outcome) == ("going", "yes", "better")


def test_a_patient_who_did_not_arrive_is_told_to_the_supervisor(
    in_kisumu, clock, twilio, supervisor
):
    in_kisumu.say("2yr old fitting")
    clock.forward(hours=5)
    ask_due_follow_ups(in_kisumu.gateway)
    in_kisumu.work()
    in_kisumu.say("2")
    assert "did not reach care" in twilio.replies(supervisor)[-1].body
    assert the_case(in_kisumu).reached == "no"


def test_worse_opens_the_case_again_and_is_assessed_anew(in_kisumu, clock, triage):
    in_kisumu.say("child 3 yrs runny nose eats and plays")
    clock.forward(hours=49)
    close_expired_cases(in_kisumu.gateway)
    ask_due_follow_ups(in_kisumu.gateway)
    in_kisumu.work()
    (reply,) = in_kisumu.say("K1 3")
    assert "Worse" in reply
    replies = in_kisumu.say("now he has fits")
    assert replies[0].startswith("K1 EMERGENCY")
    assert the_case(in_kisumu).outcome == "worse"


def test_a_newer_assessment_moves_the_question(in_kisumu):
    in_kisumu.say("child 3 yrs runny nose eats and plays")
    in_kisumu.say("now he is fitting")
    with in_kisumu.gateway.engine.begin() as connection:
        rows = connection.execute(select(follow_up.c.kind, follow_up.c.state)).all()
    assert sorted(map(tuple, rows)) == [("outcome", "cancelled"), ("reached", "due")]


def test_incidents_hold_no_text(in_kisumu):
    in_kisumu.say("2yr old fitting")
    in_kisumu.say("2")
    with in_kisumu.gateway.engine.begin() as connection:
        (row,) = connection.execute(select(incident)).all()
    assert row.kind == "cannot_go"
    assert "fitting" not in str(row)
