import re
from string import Formatter

import pytest

from clinical.phrases import LANGUAGES, Form, Kind, is_reviewed, phrase
from clinical.phrases.gsm7 import is_gsm7
from clinical.phrases.wording import codes_of, wordings

TEMPLATES = {
    "summary_sign": {"sign", "condition", "urgency"},
    "summary_condition": {"condition", "urgency"},
    "summary_nothing_read": {"urgency"},
    "likely": {"condition"},
    "why": {"signs"},
}
# SMS forms that GSM-7 cannot carry. None now; a language that needs one is listed here.
NOT_GSM7: set[tuple[str, str]] = set()
DOSE = re.compile(r"\d+\s*(mg|ml|g|iu|comprim|vidonge|tablet)\b", re.IGNORECASE)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_is_worded_in_every_language(language: str, kind: Kind) -> None:
    assert sorted(codes_of(kind) - wordings(language)[kind].keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_sms_forms_fit_gsm7_but_for_those_listed(language: str) -> None:
    found = {
        (language, code)
        for kind in Kind
        for code, worded in wordings(language)[kind].items()
        if not is_gsm7(re.sub(r"\{\w+\}", "", worded.sms))
    }
    assert found == {entry for entry in NOT_GSM7 if entry[0] == language}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sms_form_is_never_longer_than_the_long_form(language: str) -> None:
    longer = [
        code
        for kind in Kind
        for code, worded in wordings(language)[kind].items()
        if len(worded.sms) > len(worded.long)
    ]
    assert longer == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_are_filled_by_the_same_words(language: str) -> None:
    for code, worded in wordings(language)[Kind.FIXED].items():
        for text in (worded.long, worded.sms):
            names = {name for _, name, _, _ in Formatter().parse(text) if name}
            assert names <= TEMPLATES.get(code, set()), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wording_holds_a_dose(language: str) -> None:
    texts = [w.long + " " + w.sms for kind in Kind for w in wordings(language)[kind].values()]
    assert [text for text in texts if DOSE.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_is_called_reviewed_before_it_is(language: str) -> None:
    assert not is_reviewed(language)


def test_the_long_form_says_more() -> None:
    assert phrase(Kind.ACTION, "refer_now", language="en") == "Refer NOW"
    long = phrase(Kind.ACTION, "lie_left_side", language="en", form=Form.LONG)
    assert long == "Lay her on her left side"


def test_a_language_without_a_file_is_answered_in_english() -> None:
    assert phrase(Kind.LEVEL, "HOSPITAL", language="am") == "hospital"


def test_a_code_outside_the_closed_lists_is_refused() -> None:
    with pytest.raises(KeyError):
        phrase(Kind.ACTION, "give_antibiotic_500", language="en")


def test_the_rule_of_thumb_fits_half_a_message() -> None:
    for language in LANGUAGES:
        assert len(phrase(Kind.FIXED, "danger_sign_rule_of_thumb", language=language)) <= 90
