import pytest

from clinical import assess_text
from clinical.assessment import Assessment, ReferralLevel, Urgency
from clinical.case import AgeGroup, Patient, Pregnancy
from clinical.tables import conditions
from gateway.services import OF_CONDITION, WORDS, Service, _plain, offers, services_needed
from gateway.store.contacts import Person
from gateway.store.facilities import Facility, nearest


def an_answer(condition, urgency=Urgency.EMERGENCY):
    return Assessment(urgency=urgency, conditions=(condition,) if condition else ())


MOTHER = Patient(pregnancy=Pregnancy.PREGNANT)
NEEDS = [
    ("severe_preeclampsia", Patient(), {Service.MATERNITY}),
    ("labour", MOTHER, {Service.MATERNITY}),
    ("malaria", MOTHER, {Service.MATERNITY}),
    ("serious_bacterial_infection", Patient(age_days=5), {Service.NEWBORN}),
    ("not_clear", Patient(age_days=20), {Service.NEWBORN}),
    ("not_clear", Patient(age_group=AgeGroup.NEWBORN), {Service.NEWBORN}),
    ("acute_abdomen", Patient(age_days=9_000), {Service.SURGERY}),
    ("severe_pneumonia", Patient(age_days=400), set()),
    ("", Patient(), set()),
]


@pytest.mark.parametrize(("condition", "patient", "needed"), NEEDS)
def test_condition_and_patient_say_what_is_needed(condition, patient, needed):
    assert services_needed(an_answer(condition), patient) == needed


def test_a_well_newborn_may_go_to_any_health_post():
    assert services_needed(an_answer("normal_newborn", Urgency.HOME), Patient(age_days=5)) == set()


def test_the_table_names_conditions_that_there_are():
    assert set(OF_CONDITION) <= set(conditions())


def test_words_are_written_as_they_are_compared():
    for words in WORDS.values():
        assert {_plain(word) for word in words} == words


OFFERED = [
    ((), True),
    (("Maternity",), True),
    (("24h delivery ward", "lab"), True),
    (("Maternité",), True),
    (("CEmONC",), True),
    (("all",), True),
    (("outpatient", "pharmacy"), False),
    (("surgery",), False),
    (("maternityless",), False),
]


@pytest.mark.parametrize(("listed", "able"), OFFERED)
def test_a_facility_offers_what_it_lists_or_anything_if_it_lists_nothing(listed, able):
    assert offers(listed, frozenset({Service.MATERNITY})) is able


def test_nothing_is_asked_of_a_facility_for_a_case_that_needs_nothing():
    assert offers(("pharmacy",), frozenset())


def a_place(name, *services, km=0.0):
    return Facility(
        name=name,
        phone="0711",
        level=ReferralLevel.HOSPITAL,
        services=services,
        area="Kisumu",
        latitude=km / 111,
        longitude=34.0,
    )


WORKER = Person(id=1, language="en", area="Kisumu", consented_at=None, latitude=0.0, longitude=34.0)


def chosen_for(text, *places):
    answer = assess_text(text)
    patient = Patient(pregnancy=Pregnancy.PREGNANT) if "preg" in text else Patient()
    needed = services_needed(answer, patient)
    found = nearest(places, answer.referral.level, WORKER, needed)
    return found.name if found else None


def test_the_nearest_that_can_take_a_birth_is_named():
    near, far = a_place("Near", "outpatient", km=2), a_place("Far", "maternity", km=30)
    birth = "preg 34wks bad headache, sees spots, bp 170/115"
    assert chosen_for(birth, near, far) == "Far"
    assert chosen_for("2yr old fitting", near, far) == "Near"
    assert chosen_for(birth, near) is None
    assert chosen_for(birth, near, a_place("Unlisted", km=40)) == "Unlisted"


def test_a_place_of_the_own_area_without_a_position_is_nearer_than_another_area():
    own = Facility(name="Own", phone="1", level=ReferralLevel.HOSPITAL, area=" kisumu ")
    away = Facility(
        name="Away", phone="2", level=ReferralLevel.HOSPITAL, area="Siaya", latitude=3, longitude=34
    )
    assert nearest([away, own], ReferralLevel.HOSPITAL, WORKER).name == "Own"
    assert nearest([away], ReferralLevel.HOSPITAL, WORKER).name == "Away"
    measured = a_place("Measured", km=500)
    assert nearest([away, measured], ReferralLevel.HOSPITAL, WORKER).name == "Away"
