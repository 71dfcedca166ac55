"""Which signs a message denies: every counterexample of the facts, and the ways of writing «no»."""

from __future__ import annotations

import pytest

from clinical.case import Presence
from clinical.reader import Reading, read_text


def codes(reading: Reading, presence: Presence) -> set[str]:
    return {f.code for f in reading.findings if f.presence is presence}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no improvement, lethargic", "lethargic"),
        ("no drug given convulsions", "convulsions"),
        ("no money for transport, bleeding", "bleeding_uncontrolled"),
        ("no one at clinic baby convulsing", "convulsions"),
        ("fever no convulsions vomits everything", "vomits_everything"),
        ("she is not well bleeding", "vaginal_bleeding"),
        ("not sure if she is unconscious", "unconscious"),
        ("child not able to drink", "not_able_to_drink"),
        ("not able 2 drink", "not_able_to_drink"),
        ("no longer able to drink", "not_able_to_drink"),
        ("unable to drink", "not_able_to_drink"),
        ("cannot drink", "not_able_to_drink"),
        ("can't drink", "not_able_to_drink"),
        ("refuses to drink", "not_able_to_drink"),
        ("no fever but convulsing", "convulsions"),
        ("no fever, convulsing since morning", "convulsions"),
        ("no fever, vomits everything", "vomits_everything"),
        ("no fever, unconscious", "unconscious"),
        ("no cough and cannot drink", "not_able_to_drink"),
        ("pas de fièvre, convulse", "convulsions"),
        ("il vomit tout pas de fièvre", "vomits_everything"),
        ("hana homa, amepoteza fahamu", "unconscious"),
        ("hakuna dawa ana degedege", "convulsions"),
        ("fever n convulsions", "convulsions"),
        ("no more drugs fits again", "convulsions"),
        ("convulsions -ve, fever +ve", "fever"),
        ("she never woke up after the fit", "unconscious"),
        ("no convulsion now but had convulsion at night", "convulsions"),
    ],
)
def test_negator_elsewhere_leaves_the_sign_present(text: str, code: str) -> None:
    assert code in codes(read_text(text), Presence.PRESENT)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("no convulsions", {"convulsions"}),
        ("fever no convulsions vomits everything", {"convulsions"}),
        ("no fever, convulsions, vomiting", {"fever", "convulsions", "vomiting"}),
        ("no fever or cough", {"fever", "cough"}),
        ("not lethargic or unconscious", {"lethargic", "unconscious"}),
        ("neither fever nor cough", {"fever", "cough"}),
        ("denies headache", {"headache"}),
        ("without convulsions", {"convulsions"}),
        ("no signs of jaundice", {"jaundice"}),
        ("convulsions N", {"convulsions"}),
        ("convulsions N fever N", {"convulsions", "fever"}),
        ("convulsions: no", {"convulsions"}),
        ("convulsions - no, fever - yes", {"convulsions"}),
        ("cough nil, fever nil", {"cough", "fever"}),
        ("fever yes convulsions no", {"convulsions"}),
        ("convulsions -ve, fever +ve", {"convulsions"}),
        ("denies: headache, fits", {"headache", "convulsions"}),
        ("nil convulsions", {"convulsions"}),
        ("she is not convulsing", {"convulsions"}),
        ("hakuna degedege", {"convulsions"}),
        ("hana homa", {"fever"}),
        ("homa hakuna", {"fever"}),
        ("hana homa wala degedege", {"fever", "convulsions"}),
        ("hana degedege wala kutapika, anakunywa vizuri", {"convulsions", "vomiting"}),
        ("hatapiki", {"vomiting"}),
        ("pas de convulsions", {"convulsions"}),
        ("sans fièvre", {"fever"}),
        ("aucun saignement du nez", {"unexplained_bleeding"}),
        ("il ne vomit pas", {"vomiting"}),
        ("pas de fièvre ni de toux", {"fever", "cough"}),
        ("not breathing fast", {"fast_breathing"}),
    ],
)
def test_denied_sign_is_absent(text: str, denied: set[str]) -> None:
    reading = read_text(text)
    assert denied <= codes(reading, Presence.ABSENT)
    assert not denied & codes(reading, Presence.PRESENT)


def test_list_with_one_described_item_denies_only_the_first() -> None:
    reading = read_text("no fever, cough for 3 weeks")
    assert "fever" in codes(reading, Presence.ABSENT)
    assert "cough" in codes(reading, Presence.PRESENT) | {
        c for c in codes(reading, Presence.PRESENT) if c.startswith("cough")
    } or "cough_14_days" in codes(reading, Presence.PRESENT)


def test_family_history_reading_of_child_does_not_hide_not_able_to_drink() -> None:
    [finding] = [
        f for f in read_text("child not able to drink").findings if f.code == "not_able_to_drink"
    ]
    assert finding.presence is Presence.PRESENT
    assert not finding.uncertain


@pytest.mark.parametrize(
    "text",
    [
        "not sure if she is unconscious",
        "maybe convulsions",
        "had fits last year",
        "convulsions yesterday",
        "if convulsions again what to do",
        "her sister had convulsions",
        "convulsions?",
        "peut-être des convulsions",
        "labda degedege",
    ],
)
def test_doubt_past_family_and_if_mark_the_sign_but_keep_it(text: str) -> None:
    [finding] = [f for f in read_text(text).findings if f.code in {"convulsions", "unconscious"}]
    assert finding.presence is Presence.PRESENT
    assert finding.uncertain


@pytest.mark.parametrize(
    "text",
    [
        "what danger signs should I teach mothers, convulsions?",
        "health talk on convulsions and bleeding in pregnancy",
        "told mother to come back if convulsions",
        "revenir si convulsions",
        "arudi kama ana degedege",
    ],
)
def test_talk_about_no_patient_is_unknown_not_present(text: str) -> None:
    assert not codes(read_text(text), Presence.PRESENT)


def test_teaching_words_do_not_hide_a_patient() -> None:
    reading = read_text("during health talk a 2yr old started convulsing")
    assert "convulsions" in codes(reading, Presence.PRESENT)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("boy 9 yrs cough, did not see stiff neck", "stiff_neck"),
        ("didnt see chest indrawing, 2 yrs fever", "chest_indrawing"),
        ("did not see any sign of convulsion", "convulsions"),
        ("mtoto miaka 3, sijaona shingo imekaza", "stiff_neck"),
        ("enfant 3 ans tousse, pas vu de tirage", "chest_indrawing"),
    ],
)
def test_what_was_not_seen_is_denied_and_tells_of_no_blindness(text: str, code: str) -> None:
    reading = read_text(text)
    assert code in codes(reading, Presence.ABSENT)
    assert codes(reading, Presence.PRESENT) <= {"cough", "fever"}


def test_who_did_not_see_since_morning_may_be_blind() -> None:
    reading = read_text("gogo did not see anything since morning")
    assert "sudden_vision_loss" in codes(reading, Presence.PRESENT)


def test_hana_denies_the_whole_of_joto_kali() -> None:
    assert codes(read_text("hana joto kali"), Presence.PRESENT) == set()


@pytest.mark.parametrize(
    "text",
    [
        "diarrhoea 3 days drinks well no blood 2yo",
        "diarrhée depuis hier, pas de sang, enfant 2 ans",
        "anaharisha tangu jana hakuna damu",
    ],
)
def test_no_blood_beside_diarrhoea_is_none_in_the_stool(text: str) -> None:
    assert "blood_in_stool" in codes(read_text(text), Presence.ABSENT)


@pytest.mark.parametrize(
    "text",
    ["diarrhoea, no blood pressure machine", "diarrhoea, no blood in the urine", "cough, no blood"],
)
def test_other_blood_says_nothing_of_the_stool(text: str) -> None:
    assert "blood_in_stool" not in {f.code for f in read_text(text).findings}
