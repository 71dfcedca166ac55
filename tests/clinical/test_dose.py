import pytest

from clinical.dose import drop_dose_text

DOSES = [
    "Give paracetamol 250 mg.",
    "Give 5ml of syrup.",
    "Artemether-lumefantrine 2 tablets twice a day.",
    "Two tablets now.",
    "One tab bid.",
    "Amoxicillin 40 mg/kg.",
    "Oxytocin 10 IU.",
    "10 units of oxytocin.",
    "Donner 1 comprimé.",
    "Donner 2,5 ml par kg.",
    "3 fois par jour.",
    "Mpe vidonge 2.",
    "Kidonge 1 mara mbili kwa siku.",
    "ORS 1 sachet.",
    "Half a tablet: ½ tab.",
    "Every 6 hours.",
    "Zinc 20mg x 10 days.",
    "500\nmg now",
    "0.5 g rectally.",
    "Give 3 x 2.",
]
HARMLESS = [
    "Likely severe pre-eclampsia, BP 170/115.",
    "Fits for 2 days, age 3 years.",
    "RR 64, temp 39.5, SpO2 88%.",
    "Cannot drink. Refer now.",
    "Gave birth 10 days ago.",
    "Toux depuis 3 jours.",
    "Homa siku 4.",
    "",
    "MUAC 112 mm red.",
    "Pulse 130, weak.",
]


@pytest.mark.parametrize("text", DOSES)
def test_dose_like_text_is_dropped_and_counted(text: str) -> None:
    kept, dropped = drop_dose_text(f"Likely malaria. {text}")
    assert (kept, dropped > 0) in {("Likely malaria.", True), ("", True)}


@pytest.mark.parametrize("text", HARMLESS)
def test_words_without_a_dose_are_kept(text: str) -> None:
    assert drop_dose_text(text) == (text, 0)


def test_only_the_sentence_with_the_dose_goes() -> None:
    text = "Likely pneumonia. Give amoxicillin 250 mg. Refer today."
    assert drop_dose_text(text) == ("Likely pneumonia. Refer today.", 1)
