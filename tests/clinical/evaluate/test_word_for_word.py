from clinical.assessment import Assessment, Urgency
from clinical.evaluate.cases import LabelledCase
from clinical.evaluate.judge import Outcome
from clinical.evaluate.word_for_word import compare_wording

PHRASES = {"convulsions": ("bebe convulse", "fits now", ""), "cough": ("cough",)}


def an_outcome(text: str, *signs: str, answered: Urgency = Urgency.EMERGENCY) -> Outcome:
    case = LabelledCase(id=text, text=text, urgency=Urgency.EMERGENCY, danger_signs=signs)
    return Outcome(case=case, answer=Assessment(urgency=answered))


def test_phrases_count_as_whole_words_whatever_case_and_accents() -> None:
    texts = ("Bébé CONVULSE ce matin", "no convulsed", "fits, now", "misfits now", "fits")
    held = compare_wording([an_outcome(text) for text in texts], PHRASES).any_phrase
    assert (held.hits, held.total) == (2, 5)


def test_a_phrase_of_another_sign_is_not_its_own_and_recall_is_told_without() -> None:
    told = compare_wording(
        [
            an_outcome("fits now", "convulsions"),
            an_outcome("cough and jerking", "convulsions"),
            an_outcome("eyes rolled up", "convulsions", answered=Urgency.ROUTINE),
            an_outcome("cough"),
        ],
        PHRASES,
    )
    assert (told.any_phrase.hits, told.any_phrase.total) == (3, 4)
    assert (told.own_sign.hits, told.own_sign.total) == (1, 3)
    assert (told.recall_without.hits, told.recall_without.total) == (1, 2)
