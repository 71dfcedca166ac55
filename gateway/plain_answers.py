"""Words that answer a fixed question as its digits do: «yes», «on the way», «better». Pure.

Only whole messages count: a word inside a sentence may be a symptom's, and clinical reads it.
"""

from __future__ import annotations

from gateway.keywords import bare_words

YES = frozenset(
    {"yes", "y", "yeah", "yep", "yes please", "oui", "ouais", "ndio", "ndiyo", "naam", "eeh"}
)  # fmt: skip
NO = frozenset({"no", "n", "nope", "non", "hapana", "la", "hakuna"})

_ASSENT = YES | {"ok", "okay", "sawa"}  # before what is meant: «ok we are going»

# A death is nothing to send advice on: a person is told, as by 0.
DIED = frozenset(
    {"died", "he died", "she died", "has died", "patient died", "the patient died", "baby died",
     "the baby died", "child died", "the child died", "died on the way", "he died on the way",
     "she died on the way", "is dead", "he is dead", "she is dead", "est mort", "il est mort",
     "est morte", "elle est morte", "est decede", "il est decede", "elle est decedee",
     "mort en route", "amefariki", "amekufa", "kafariki", "mtoto amefariki", "mtoto amekufa",
     "mgonjwa amefariki", "alifariki njiani"}
)  # fmt: skip
# Already there when we still ask whether they go.
_ARRIVED = frozenset(
    {"reached", "we reached", "arrived", "we arrived", "reached hospital", "we reached hospital",
     "we are at hospital", "we are at the hospital", "we are at the hospital now", "at hospital",
     "at the hospital", "we are there", "en route maintenant", "en route en moto",
     "en route maintenant en moto", "arrive", "nous sommes arrives", "on est arrive",
     "a l hopital", "tumefika", "tumefika hospitali", "amefika", "tuko hospitali"}
)  # fmt: skip

CONSENT = "consent"

# For each question: the words of its digits, beside a plain yes and no where these are 1 and 2.
_WORDS: dict[str, dict[int, frozenset[str]]] = {
    CONSENT: {
        1: YES | {"i agree", "agree", "agreed", "j accepte", "accepte", "nakubali", "ninakubali",
                  "nimekubali"},
        2: NO | {"i refuse", "refuse", "i do not agree", "disagree", "je refuse", "nakataa",
                 "sikubali"},
    },
    "going": {
        0: DIED,
        1: YES | _ARRIVED | {"going", "we are going", "i am going", "am going", "they are going",
                  "we go",
                  "on the way", "on our way", "on my way", "we are on the way", "gone", "left",
                  "leaving now", "found transport", "we found transport", "we found a motorbike",
                  "we found motorbike", "we found motorbike on the way", "transport found",
                  "en route", "nous partons", "je pars", "on y va", "nous y allons",
                  "naenda", "tunaenda", "anaenda", "wanaenda", "njiani", "tuko njiani",
                  "going now", "we are going now", "we are leaving", "we are leaving now",
                  "we have left", "we left", "they have left", "coming", "we are coming",
                  "on part", "on part maintenant", "on est en route", "nous sommes en route",
                  "je suis en route", "ils sont en route", "en chemin", "on est en chemin",
                  "on est parti", "nous sommes partis", "ils sont partis",
                  "naenda sasa", "tunaenda sasa", "tunaenda sasa hivi", "anaenda sasa",
                  "nakwenda", "tunakwenda", "tunakwenda sasa", "tupo njiani", "yuko njiani",
                  "wako njiani", "tumeondoka", "ameondoka", "wameondoka"},
        2: NO | {"cannot go", "can not go", "cant go", "can t go", "we cannot go", "not going",
                 "unable to go", "cannot", "no transport", "there is no transport", "impossible",
                 "c est impossible", "ne peut pas aller", "nous ne pouvons pas", "pas de transport",
                 "pas de moyen de transport", "pas de moyen",
                 "siwezi", "siwezi kwenda", "hawezi kwenda", "hatuwezi kwenda", "haendi",
                 "hakuna usafiri", "hatuna usafiri", "hana usafiri", "hakuna gari", "hakuna pesa",
                 "hatuna pesa", "hatuna hela", "hatuna nauli", "hakuna nauli",
                 "we have no transport", "no vehicle", "no car", "no money", "we have no money",
                 "no money for transport", "on n a pas de transport", "pas de vehicule",
                 "nous n avons pas de transport", "il n y a pas de transport", "pas d argent",
                 "on n a pas de moyen", "on ne peut pas", "on ne peut pas partir",
                 "nous ne pouvons pas partir", "on n a pas d argent",
                 "pas d argent pour le transport"},
    },
    "reached": {
        0: DIED,
        1: YES | _ARRIVED | {"arrived hospital", "reached the hospital",
                  "has reached", "has arrived", "they reached", "we reached",
                  "she reached", "he reached", "arrive", "arrivee", "est arrive", "est arrivee",
                  "bien arrive", "amefika", "alifika", "tumefika", "tulifika", "wamefika"},
        2: NO | {"not reached", "did not reach", "didn t reach", "has not reached", "not arrived",
                 "did not arrive", "not yet", "pas arrive", "pas arrivee", "pas encore",
                 "n est pas arrive", "hajafika", "hakufika", "bado"},
    },
    "outcome": {
        0: DIED,
        1: frozenset({"better", "is better", "he is better", "she is better", "much better",
                      "improved", "improving", "recovered", "mieux", "va mieux", "gueri", "guerie",
                      "nafuu", "amepata nafuu", "amepona"}),
        2: frozenset({"same", "the same", "still the same", "still same", "no change", "pareil",
                      "la meme chose", "pas de changement", "vilevile", "vile vile"}),
        3: frozenset({"worse", "is worse", "he is worse", "she is worse", "much worse",
                      "getting worse", "worsening", "pire", "plus mal", "vibaya zaidi",
                      "mbaya zaidi", "amezidiwa"}),
    },
}  # fmt: skip


def digit_of(question: str, text: str) -> int | None:
    """The digit that a whole message in words means for a fixed question; None for any other.

    «1 going» is its digit, too, where both say the same, and «ok going» is going.
    """
    bare = bare_words(text)
    lead, _, rest = bare.partition(" ")
    for digit, words in _WORDS.get(question, {}).items():
        if bare in words or (rest in words and (lead == str(digit) or lead in _ASSENT)):
            return digit
    return None


def is_yes_or_no(text: str) -> bool:
    """Whether a message is a bare yes or no, which tells nothing without a question."""
    bare = bare_words(text)
    return bare in YES or bare in NO
