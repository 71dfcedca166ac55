"""What the recogniser adds to the reader, and what it leaves to the lexicons."""

import pytest

from clinical import assess_text, read_text
from clinical.assessment import Urgency
from clinical.case import Presence
from clinical.reader.tokens import fold, tokenize
from clinical.recogniser import recognise

IN_NO_LEXICON = [
    ("ribs counting themselves each time he takes air, 8 months", "chest_indrawing"),
    ("bb 5 jours laisse couler le lait, il tire plus le sein", "feeding_poorly"),
    ("le petit chante comme un coq quand il prend l'air", "stridor"),
]


@pytest.mark.parametrize(("text", "code"), IN_NO_LEXICON)
def test_an_unlisted_wording_is_an_emergency_with_its_words_as_evidence(
    text: str, code: str
) -> None:
    answer = assess_text(text)
    assert answer.urgency is Urgency.EMERGENCY
    assert all(s.evidence is None or s.evidence.text in text for s in answer.danger_signs)
    assert code in {f.code for f in read_text(text).findings}


def test_its_evidence_is_the_telling_part() -> None:
    (found,) = recognise(tokenize(fold(IN_NO_LEXICON[0][0])))
    assert found.code == "chest_indrawing"
    assert "months" not in {t.word for t in tokenize(fold(IN_NO_LEXICON[0][0]))[: found.last + 1]}


def test_what_it_adds_is_marked_as_doubtful() -> None:
    found = {r.code for r in recognise(tokenize(fold(IN_NO_LEXICON[0][0])))}
    findings = [f for f in read_text(IN_NO_LEXICON[0][0]).findings if f.code in found]
    assert findings
    assert all(f.uncertain for f in findings)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "hi doctor",
        "merci beaucoup",
        "asante sana",
        "can you advise",
        "nets came on monday",
    ],
)
def test_small_talk_carries_no_sign(text: str) -> None:
    assert recognise(tokenize(fold(text))) == []


def test_what_a_lexicon_denies_stays_denied() -> None:
    findings = read_text("girl 2 yrs cough, no convulsions, drinks well").findings
    assert [f.presence for f in findings if f.code == "convulsions"] == [Presence.ABSENT]
    assert assess_text("girl 2 yrs cough, no convulsions, drinks well").urgency < Urgency.URGENT
