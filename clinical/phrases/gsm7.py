"""Which characters an SMS of 160 carries (GSM 03.38), and a text folded into them.

Only folds accents that GSM-7 lacks; counting segments is the gateway's.
"""

from __future__ import annotations

import unicodedata

# GSM 03.38 basic character set, without the extension table (its characters cost two).
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def is_gsm7(text: str) -> bool:
    """Whether every character is of the basic set."""
    return BASIC.issuperset(text)


def folded_to_gsm7(text: str) -> str:
    """The text with letters that GSM-7 lacks replaced by their plain ones («tête» -> «tete»)."""
    return "".join(_folded(character) for character in text)


def _folded(character: str) -> str:
    if character in BASIC:
        return character
    plain = unicodedata.normalize("NFD", character)[0]
    return plain if plain in BASIC else character
