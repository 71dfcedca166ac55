import pytest

from gateway.keywords import Kind, is_network_stop, parse

WHOLE = [
    ("STOP", Kind.STOP),
    ("stop.", Kind.STOP),
    ("Unsubscribe", Kind.STOP),
    ("ARRET", Kind.STOP),
    ("arrêt", Kind.STOP),
    ("ACHA", Kind.STOP),
    ("START", Kind.START),
    ("Anza", Kind.START),
    ("Yes", Kind.YES),
    ("help", Kind.HELP),
    ("Aide !", Kind.HELP),
    ("MSAADA", Kind.HELP),
    ("menu", Kind.MENU),
    ("thanks", Kind.THANKS),
    ("Thank you very much!", Kind.THANKS),
    ("merci", Kind.THANKS),
    ("Asante sana", Kind.THANKS),
    ("you idiot", Kind.ABUSE),
    ("lang", Kind.LANGUAGE),
    ("", Kind.EMPTY),
    ("😀😀", Kind.EMPTY),
    ("...", Kind.EMPTY),
    ("Hello!", Kind.EMPTY),
    ("Bonjour docteur", Kind.EMPTY),
    ("habari", Kind.EMPTY),
    ("1", Kind.DIGIT),
    (" 2.", Kind.DIGIT),
    ("52", Kind.DIGIT),
    ("0", Kind.PERSON),
    ("zero", Kind.PERSON),
    ("Two", Kind.DIGIT),
    ("mbili", Kind.DIGIT),
    ("thank you so much!", Kind.THANKS),
    ("NEW", Kind.NEW),
    ("mpya", Kind.NEW),
    ("NEW 2 yr old fever", Kind.NEW),
    ("NOUVEAU bebe 3 jours", Kind.NEW),
    ("JOIN ABCD2345", Kind.JOIN),
    ("join abcd2345", Kind.JOIN),
    ("K42", Kind.TAG),
    ("k42 worse now", Kind.TAG),
    ("k 42: 1", Kind.TAG),
    ("#K-42 worse", Kind.TAG),
    ("new patient man 40 cough", Kind.NEW),
    ("Another case: girl hot", Kind.NEW),
    ("Nouvelle patiente, 30 ans", Kind.NEW),
    ("mgonjwa mpya homa", Kind.NEW),
    ("join abcd 2345", Kind.JOIN),
    ("JOIN", Kind.JOIN),
    # a keyword inside a sentence is a symptom's
    ("join pain in the knee", Kind.TEXT),
    ("join pain", Kind.TEXT),
    ("new rash since 2 days", Kind.TEXT),
    ("stop breathing", Kind.TEXT),
    ("he cannot stop vomiting", Kind.TEXT),
    ("new baby not crying", Kind.TEXT),
    ("help she is fitting", Kind.TEXT),
    ("no fever thanks to paracetamol", Kind.TEXT),
    ("2yr old fitting", Kind.TEXT),
    ("two days fever", Kind.TEXT),
    ("1 child fever 2 days", Kind.TEXT),
]


@pytest.mark.parametrize(("text", "kind"), WHOLE)
def test_a_message_has_one_kind(text, kind):
    assert parse(text).kind is kind


@pytest.mark.parametrize(
    ("text", "language"),
    [("FR", "fr"), ("français", "fr"), ("SW", "sw"), ("kiswahili", "sw"), ("EN", "en"),
     ("LANG FR", "fr"), ("lugha kiswahili", "sw"), ("LANG xx", None), ("LANG", None)],
)  # fmt: skip
def test_languages_are_chosen_by_word(text, language):
    parsed = parse(text)
    assert (parsed.kind, parsed.language) == (Kind.LANGUAGE, language)


@pytest.mark.parametrize(
    ("text", "taken"),
    [("STOP", True), (" stop ", True), ("Cancel", True), ("STOP.", False), ("ARRET", False),
     ("acha", False), ("stop it", False)],
)  # fmt: skip
def test_only_the_networks_own_words_are_answered_by_it(text, taken):
    assert is_network_stop(text) is taken


def test_what_follows_a_keyword_is_kept():
    assert parse("NEW: 2 yr old fever").text == "2 yr old fever"
    assert parse("K42 - worse now") == parse("k 42 worse now")
    assert parse("K42 worse now").number == 42
    assert parse("New patient: man 40 cough").text == "man 40 cough"


def test_a_photo_is_remembered():
    assert parse("", media_count=1).has_media
