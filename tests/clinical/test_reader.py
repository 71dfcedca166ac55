"""Whole messages: signs in three languages, evidence, durations, held-out texts, bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinical import tables
from clinical.case import Presence
from clinical.reader import MAX_READ_CHARACTERS, detect_language, read_text

HELD_OUT = Path(__file__).parent / "held_out"


def present(text: str) -> set[str]:
    return {f.code for f in read_text(text).findings if f.presence is Presence.PRESENT}


def held_out(name: str) -> list[str]:
    lines = (HELD_OUT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("eyes rolled up, went stiff and jerked", "convulsions"),
        ("left arm and leg not working since morning", "one_sided_weakness"),
        ("hedake blured vizion", "blurred_vision"),
        ("hedake blured vizion", "headache"),
        ("brething fast", "fast_breathing"),
        ("convultion", "convulsions"),
        ("onkonshus", "unconscious"),
        ("diarea with blood", "blood_in_stool"),
        ("notable to drink", "not_able_to_drink"),
        ("vomitseverything", "vomits_everything"),
        ("cnt drnk", "not_able_to_drink"),
        ("wnt suck", "not_feeding"),
        ("hawezi drink maji", "not_able_to_drink"),
        ("enfant ana degedege", "convulsions"),
        ("mtoto vomit tout", "vomits_everything"),
        ("enceinte, rupture de la poche cette nuit", "waters_broken"),
        ("boy fell into well", "drowning"),
    ],
)
def test_reads_people_as_they_write(text: str, code: str) -> None:
    assert code in present(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("conversion of the register", "convulsions"),
        ("breeding goats", "bleeding_uncontrolled"),
        ("baby feeding", "bleeding_uncontrolled"),
        ("she is fit and well", "convulsions"),
        ("the shoes fit well", "convulsions"),
        ("yellow fever vaccine", "fever"),
        ("high blood pressure tablets", "heavy_bleeding"),
        ("no problem passing urine, drinking well", "not_able_to_drink"),
        ("mal de tête pas de fièvre", "not_feeding"),
        ("naomba kujua tarehe", "suicidal_thoughts"),
        ("adult does not drink alcohol", "not_able_to_drink"),
    ],
)
def test_lookalikes_are_not_signs(text: str, code: str) -> None:
    assert code not in present(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cough 3 weeks", "cough_14_days"),
        ("cough x 3/52", "cough_14_days"),
        ("cough since last month", "cough_14_days"),
        ("for 3 weeks cough", "cough_14_days"),
        ("fever and cough for 3 weeks", "fever_7_days"),
        ("kikohozi wiki tatu", "cough_14_days"),
        ("toux depuis 3 semaines", "cough_14_days"),
        ("diarrhoea 15 days", "diarrhoea_14_days"),
        ("fever for 8 days", "fever_7_days"),
        ("labour 18 hours", "prolonged_labour"),
    ],
)
def test_durations_make_long_lasting_signs(text: str, code: str) -> None:
    assert code in present(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cough 3 days", "cough_14_days"),
        ("fever 2 days", "fever_7_days"),
        ("2 year old with cough", "cough_14_days"),
        ("baby 2 weeks fever 38.6", "fever_7_days"),
        ("38 weeks labour pains", "prolonged_labour"),
        ("cough 3 days. Born 3 weeks ago", "cough_14_days"),
        ("labour 3 hours", "prolonged_labour"),
    ],
)
def test_short_durations_do_not(text: str, code: str) -> None:
    assert code not in present(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("bleeding", "bleeding_uncontrolled"),
        ("pregnant bleeding", "vaginal_bleeding"),
        ("delivered today, bleeding not stopping", "heavy_bleeding"),
        ("she is bleeding", "vaginal_bleeding"),
        ("boy bleeding", "bleeding_uncontrolled"),
    ],
)
def test_bleeding_without_a_place_is_placed_by_the_patient(text: str, code: str) -> None:
    assert code in present(text)


def test_evidence_points_into_the_original_text() -> None:
    text = "Bébé ÂGÉ de 3 semaines — Ne Tète PAS!! CORPS chaud 😀 vomit tout"
    reading = read_text(text, message_index=3)
    assert reading.findings
    for finding in reading.findings:
        assert finding.evidence is not None
        assert finding.evidence.message == 3
        assert text[finding.evidence.start : finding.evidence.end] == finding.evidence.text
    texts = {f.code: f.evidence.text for f in reading.findings if f.evidence}
    assert texts["not_feeding"] == "Ne Tète PAS"
    assert texts["vomits_everything"] == "vomit tout"


def test_evidence_survives_combining_accents() -> None:
    text = "Be\u0301be\u0301 a de la fie\u0300vre"
    [fever] = [f for f in read_text(text).findings if f.code == "fever"]
    assert fever.evidence is not None
    assert fever.evidence.text == "fie\u0300vre"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("baby not sucking and hot", "en"),
        ("bébé ne tète pas", "fr"),
        ("mtoto hanyonyi", "sw"),
        ("the child ana homa and cannot drink", "en"),
        ("12345", None),
        ("", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_known_language_is_kept_when_the_text_does_not_tell() -> None:
    assert read_text("175/112", language="sw").language == "sw"


def test_held_out_signs_are_read() -> None:
    lines = [line.split("\t") for line in held_out("positive.txt")]
    missed = [text for codes, text in lines if not present(text) & set(codes.split("|"))]
    assert len(missed) <= len(lines) * 0.03, missed


def test_held_out_benign_texts_raise_no_danger_sign() -> None:
    danger = set(tables.danger_sign_codes())
    lines = held_out("benign.txt")
    cried = [text for text in lines if present(text) & danger]
    assert len(cried) <= len(lines) * 0.05, cried


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "123 456",
        "😀😀😀",
        "/////",
        "٣٨ درجة",
        "²³½",
        "1/2/3/4/5",
        "'''' n' d' '",
        "\n\n.;,",
        "a" * 10_000,
        "no " * 2_000,
        "9" * 5_000,
        "convulsions " * 500,
        "\ud800 broken",
    ],
)
def test_bad_input_is_read_without_an_error(text: str) -> None:
    reading = read_text(text)
    for finding in reading.findings:
        assert finding.evidence is not None
        assert finding.evidence.end <= MAX_READ_CHARACTERS


def test_text_beyond_the_bound_is_not_read() -> None:
    assert "convulsions" not in present(" " * MAX_READ_CHARACTERS + "convulsions")


@pytest.mark.parametrize("text", ["الطفل مريض", "ребенок болен", "孩子生病了"])
def test_other_script_is_noted(text: str) -> None:
    assert "unreadable:script" in read_text(text).notes


def test_reading_twice_gives_the_same() -> None:
    text = "2yr old fits, no fever, bp 90/60"
    assert read_text(text) == read_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "cough less than 14 days",
        "cough under 14 days",
        "toux moins de 14 jours",
        "kikohozi chini ya siku 14",
    ],
)
def test_less_than_fourteen_days_is_not_yet_fourteen(text: str) -> None:
    assert "cough_14_days" not in present(text)


@pytest.mark.parametrize("text", ["cough 14 days", "cough less than 3 weeks", "toux 15 jours"])
def test_fourteen_days_and_what_may_be_more_are_long(text: str) -> None:
    assert "cough_14_days" in present(text)


@pytest.mark.parametrize(
    "text", ["child hot since yesterday", "girl hot 2 days", "3 yrs hot and coughs"]
)
def test_hot_alone_is_fever(text: str) -> None:
    assert "fever" in present(text)


@pytest.mark.parametrize("text", ["gave hot tea", "hot weather today", "hot water for bath"])
def test_a_hot_thing_is_no_fever(text: str) -> None:
    assert "fever" not in present(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("child drank Fanta and is happy", "fainting"),
        ("picking maize in the field", "vomiting"),
        ("last born of 6 months", "very_low_weight"),
        ("wageni wamefika nyumbani", "severe_pain"),
        ("gari inaingia mjini", "burn"),
        ("médicaments finis depuis dix jours", "suicidal_thoughts"),
        ("tête fait mal, elle voit bien", "imminent_delivery"),
        ("tête fait mal", "feeding_poorly"),
        ("cold sweat", "runny_nose"),
        ("drinks well, no blood", "not_able_to_drink"),
        ("2 children can eat rice", "watery_diarrhoea_profuse"),
        ("stroke of luck, we got bicycles", "one_sided_weakness"),
        ("found her at home, eats and drinks well", "drowning"),
        ("muac njano, mtoto wa miaka 2", "jaundice"),
        ("nous sommes en rupture de SRO", "waters_broken"),
        ("pain when passing the urine", "dark_urine"),
        ("enceinte 20 SA, goutte épaisse positive", "blurred_vision"),
    ],
)
def test_a_lookalike_is_no_sign(text: str, code: str) -> None:
    assert code not in present(text)


@pytest.mark.parametrize(
    "text",
    [
        "delivered 5 weeks ago, bleeding stopped",
        "delivered 5 weeks ago, bleeding looks normal",
        "accouchée il y a 3 semaines, elle ne saigne plus",
        "amejifungua wiki 5 zilizopita, damu imekoma",
        "nosebleed has stopped",
    ],
)
def test_a_bleeding_that_has_ended_is_set_aside(text: str) -> None:
    found = read_text(text).findings
    assert [f.code for f in found if f.presence is Presence.PRESENT] == []


@pytest.mark.parametrize(
    "text",
    [
        "delivered yesterday, bleeding not stopped",
        "delivered yesterday, bleeding stopped but started again",
        "delivered yesterday, bleeding more than normal",
        "7 months pregnant, bleeding stopped now",
        "amejifungua jana, damu haijaacha kutoka",
    ],
)
def test_a_bleeding_that_may_go_on_is_kept(text: str) -> None:
    assert "vaginal_bleeding" in present(text)


@pytest.mark.parametrize(
    "text",
    [
        "convulsed 2 years ago, now only runny nose",
        "il a convulsé il y a deux ans",
        "alipata degedege mwaka juzi",
        "had fits in 2015",
    ],
)
def test_a_sign_of_years_ago_is_set_aside_and_still_told(text: str) -> None:
    found = [f.presence for f in read_text(text).findings if f.code == "convulsions"]
    assert found == [Presence.UNKNOWN]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("convulsed yesterday", "convulsions"),
        ("had fits 2 years ago, convulsing now", "convulsions"),
        ("fits since 2 years ago", "convulsions"),
        ("tried to kill himself last year, says again wants to die", "suicidal_thoughts"),
    ],
)
def test_a_recent_or_repeated_sign_is_kept(text: str, code: str) -> None:
    assert code in present(text)


@pytest.mark.parametrize(
    "text",
    [
        "taught mothers today about convulsions, bleeding and fast breathing",
        "leo tumefundisha akina mama kuhusu kutokwa damu na degedege",
        "causerie sur les signes de danger: convulsions, saignement",
        "training question: what do I do when a child is unconscious?",
        "asks if fits are caused by spirits, nobody sick",
        "the cow was bitten by a snake",
        "la vache a été mordue par un serpent",
        "ni vomissements ni convulsions",
    ],
)
def test_what_is_about_no_patient_raises_nothing(text: str) -> None:
    assert present(text) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("during the health talk a woman started convulsing", "convulsions"),
        ("boy herding cow bitten by snake", "snakebite"),
        ("nobody else is sick. she is bleeding a lot", "heavy_bleeding"),
        ("kicked by a cow, convulsing", "convulsions"),
        ("mgonjwa ana homa ni degedege", "convulsions"),
    ],
)
def test_a_patient_beside_talk_or_animals_is_heard(text: str, code: str) -> None:
    assert code in present(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hangs over my arm like wet washing", "lethargic"),
        ("cup fell from her hand and fingers will not close", "one_sided_weakness"),
        ("somebody is sitting on his chest", "chest_pressure"),
        ("whatever he drinks comes back", "vomits_everything"),
        ("ribs disappear when he breathes", "chest_indrawing"),
        ("swallowed the whole strip of pills", "poisoning"),
        ("tout ce qu'il avale ressort", "vomits_everything"),
        ("sa bouche part de travers", "face_droop"),
        ("kila anachokula kinarudi", "vomits_everything"),
        ("kijiko kinaanguka mkononi", "one_sided_weakness"),
    ],
)
def test_what_is_seen_is_read_without_its_name(text: str, code: str) -> None:
    assert code in present(text)
