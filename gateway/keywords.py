"""Reads what a short message asks of the gateway itself: a command, a digit, thanks. Pure.

Does not read symptoms: everything that is no keyword is TEXT, and clinical reads it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a message is before its context is known."""

    TEXT = "text"
    DIGIT = "digit"
    PERSON = "person"
    NEW = "new"
    TAG = "tag"
    JOIN = "join"
    LANGUAGE = "language"
    MENU = "menu"
    HELP = "help"
    STOP = "stop"
    START = "start"
    YES = "yes"
    THANKS = "thanks"
    ABUSE = "abuse"
    EMPTY = "empty"


HOLDS_SYMPTOMS = frozenset({Kind.TEXT, Kind.NEW, Kind.TAG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A message by its kind; `text` is what is left after the keyword."""

    kind: Kind
    text: str = field(default="", repr=False)
    number: int | None = None  # of DIGIT and TAG
    language: str | None = None  # of LANGUAGE, None where only the menu is asked
    has_media: bool = False


# What Twilio itself acts on, on SMS: the whole message, in any case, with nothing around it.
NETWORK_STOP = frozenset(
    {"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"}
)

# Single-word messages. Twilio's own stop, start and help words come first (its defaults), then
# those of the languages. YES begins messages again for who stopped them, and is an answer else.
WHOLE: dict[str, Kind] = {
    **dict.fromkeys(
        (*sorted(NETWORK_STOP), "stop all", "opt out", "arret", "arreter", "arretez", "acha",
         "simama", "simamisha"), Kind.STOP),
    **dict.fromkeys(("start", "unstop", "commencer", "reprendre", "anza"), Kind.START),
    "yes": Kind.YES,
    **dict.fromkeys(("help", "info", "aide", "msaada"), Kind.HELP),
    **dict.fromkeys(("menu", "orodha"), Kind.MENU),
    **dict.fromkeys(("lang", "language", "langue", "lugha"), Kind.LANGUAGE),
    **dict.fromkeys(
        ("thanks", "thank you", "thank you very much", "thank you so much", "thanks so much",
         "many thanks", "thanks a lot", "thx", "ok thanks", "ok",
         "okay", "ok thank you", "merci", "merci beaucoup", "ok merci", "d accord", "asante",
         "asante sana", "ahsante", "sawa", "sawa asante", "noted", "well noted"), Kind.THANKS),
    # A greeting alone tells of nobody: it is answered with what to send.
    **dict.fromkeys(
        ("hello", "hi", "hey", "hallo", "helo", "hello doctor", "hi doctor", "hello nurse",
         "good morning", "good afternoon", "good evening", "test", "testing", "bonjour", "bonsoir",
         "salut", "bonjour docteur", "habari", "habari yako", "habari za leo", "hujambo", "jambo",
         "mambo", "shikamoo", "salama", "habari daktari"), Kind.EMPTY),
    **dict.fromkeys(
        ("fuck you", "fuck off", "idiot", "stupid", "you are stupid", "useless", "shut up",
         "you idiot", "imbecile", "va te faire foutre", "ferme la", "mjinga", "mjinga wewe",
         "pumbavu"), Kind.ABUSE),
}  # fmt: skip

# A language by its own word alone.
LANGUAGE_WORDS: dict[str, str] = {
    "en": "en", "eng": "en", "english": "en", "anglais": "en", "kiingereza": "en",
    "fr": "fr", "francais": "fr", "french": "fr", "kifaransa": "fr",
    "sw": "sw", "swahili": "sw", "kiswahili": "sw",
}  # fmt: skip

# Digits as words, as whole messages.
NUMBER_WORDS: dict[str, int] = {
    **dict.fromkeys(("zero", "sifuri"), 0),
    **dict.fromkeys(("one", "un", "une", "moja"), 1),
    **dict.fromkeys(("two", "deux", "mbili"), 2),
    **dict.fromkeys(("three", "trois", "tatu"), 3),
    **dict.fromkeys(("four", "quatre", "nne"), 4),
    **dict.fromkeys(("five", "cinq", "tano"), 5),
}

# First words, with a message behind them or alone.
LEADING: dict[str, Kind] = {
    **dict.fromkeys(("new", "nouveau", "nouvelle", "mpya"), Kind.NEW),
    **dict.fromkeys(("join", "rejoindre", "jiunge"), Kind.JOIN),
}

_TAG = re.compile(r"^\s*#?k[\s-]?(\d{1,9})\b[\s:.,;-]*", re.IGNORECASE)
# NEW in a sentence of its own, in any case of letters.
_NEW_PATIENT = re.compile(
    r"^\W*(?:(?:new|another|other|next)\s+(?:patient|case|client)"
    r"|(?:nouveau|nouvelle|autre)\s+(?:patiente?|cas|malade)"
    r"|mgonjwa\s+(?:mpya|mwingine))\b[\s:.,;!-]*",
    re.IGNORECASE,
)
JOIN_CODE_LETTERS = 8
_FIRST_WORD = re.compile(r"^\W*(\w+)[\s:.,;!-]*", re.UNICODE)
_NUMBER_PREFIX = re.compile(r"^(?:no|n|nr|option|answer|reply)?\s*(\d{1,4})$")


def parse(text: str, media_count: int = 0) -> Parsed:
    """The message by its kind; a keyword counts only where nothing of a symptom can hide."""
    bare, media = bare_words(text), media_count > 0
    if not bare:
        return Parsed(kind=Kind.EMPTY, text=text, has_media=media)
    if tag := _TAG.match(text):
        return Parsed(
            kind=Kind.TAG, number=int(tag[1]), text=text[tag.end() :].strip(), has_media=media
        )
    if bare in LANGUAGE_WORDS:
        return Parsed(kind=Kind.LANGUAGE, language=LANGUAGE_WORDS[bare], has_media=media)
    if bare in WHOLE:
        return Parsed(kind=WHOLE[bare], text=text, has_media=media)
    number = _number(bare)
    if number is not None:
        kind = Kind.PERSON if number == 0 else Kind.DIGIT
        return Parsed(kind=kind, number=number, text=text, has_media=media)
    return _leading(text, bare, media)


def _number(bare: str) -> int | None:
    if bare in NUMBER_WORDS:
        return NUMBER_WORDS[bare]
    found = _NUMBER_PREFIX.match(bare)
    return int(found[1]) if found else None


def _leading(text: str, bare: str, media: bool) -> Parsed:
    words = bare.split()
    if words[0] in ("lang", "language", "langue", "lugha") and len(words) == 2:
        return Parsed(kind=Kind.LANGUAGE, language=LANGUAGE_WORDS.get(words[1]), has_media=media)
    if new := _NEW_PATIENT.match(text):
        return Parsed(kind=Kind.NEW, text=text[new.end() :].strip(), has_media=media)
    kind = LEADING.get(words[0])
    first = _FIRST_WORD.match(text)
    # «new baby not crying» speaks of a newborn and «join pain» of a joint: as commands the words
    # stand in capitals, alone, or JOIN before what can be a code.
    is_code = kind is Kind.JOIN and len("".join(words[1:])) == JOIN_CODE_LETTERS
    is_command = is_code or (first is not None and first[1].isupper()) or len(words) == 1
    if kind is not None and first is not None and is_command:
        return Parsed(kind=kind, text=text[first.end() :].strip(), has_media=media)
    return Parsed(kind=Kind.TEXT, text=text, has_media=media)


def is_network_stop(text: str) -> bool:
    """Whether Twilio itself takes this text for a STOP, answers it and sends nothing any more."""
    return text.strip().lower() in NETWORK_STOP


def bare_words(text: str) -> str:
    """Letters and digits in lower case without accents, one space between words; no emoji."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())
