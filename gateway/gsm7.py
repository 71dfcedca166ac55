"""Segments and encoding of a text message, and folding to GSM-7 by a written table. Pure.

Alphabet and arithmetic: 3GPP TS 23.038 section 6.2.1; 160 septets in one segment, 153 in each of
several, and 70 or 67 UTF-16 units once a single character lies outside.
"""

from __future__ import annotations

from dataclasses import dataclass

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"

# What may be replaced, and by what. A sign that is missing here is never replaced: `½` as `?` or
# `µ` as `?` has changed doses on real gateways.
FOLDING: dict[str, str] = {
    "ç": "c", "ê": "e", "ë": "e", "â": "a", "î": "i", "ï": "i", "ô": "o", "û": "u", "œ": "oe",
    "Œ": "OE", "À": "A", "Â": "A", "È": "E", "Ê": "E", "Ë": "E", "Î": "I", "Ï": "I", "Ô": "O",
    "Ù": "U", "Û": "U", "ÿ": "y", "ã": "a", "õ": "o", "á": "a", "í": "i", "ó": "o", "ú": "u",
    "Á": "A", "Í": "I", "Ó": "O", "Ú": "U", "Ã": "A", "Õ": "O",
    "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "Ɓ": "B", "Ɗ": "D", "Ƙ": "K", "Ƴ": "Y",
    "ẹ": "e", "ọ": "o", "ṣ": "s", "ị": "i", "ụ": "u", "Ẹ": "E", "Ọ": "O", "Ṣ": "S", "Ị": "I",
    "Ụ": "U",
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'",
    "›": "'", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...", "•": "-", "·": "-",
    "≥": ">=", "≤": "<=", "×": "x", "½": "1/2", "¼": "1/4", "¾": "3/4", "µ": "u", "μ": "u",
    "°": " deg ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "\u200b": "",
    "→": "->", "✓": "ok",
}  # fmt: skip

_BASIC = frozenset(BASIC)
_EXTENDED = frozenset(EXTENDED)
_TABLE = str.maketrans(FOLDING)


@dataclass(frozen=True, slots=True)
class Size:
    """What a text costs: `units` are septets in GSM-7 and UTF-16 units in UCS-2."""

    encoding: str
    units: int
    segments: int


def measure(text: str) -> Size:
    """Encoding and number of segments of a text, as a phone network counts them."""
    costs = [1 if c in _BASIC else 2 if c in _EXTENDED else 0 for c in text]
    if all(costs):
        return Size("GSM-7", sum(costs), _segments(costs, single=160, several=153))
    units = [2 if ord(c) > 0xFFFF else 1 for c in text]
    return Size("UCS-2", sum(units), _segments(units, single=70, several=67))


def fold(text: str) -> str:
    """The text with the signs of the table replaced; it may still need UCS-2 afterwards."""
    return text.translate(_TABLE)


def fold_if_it_helps(text: str) -> str:
    """The folded text if it fits GSM-7 by that, else the text as it was."""
    folded = fold(text)
    return folded if measure(folded).encoding == "GSM-7" else text


def _segments(costs: list[int], *, single: int, several: int) -> int:
    """A character of two units is never split between segments."""
    if sum(costs) <= single:
        return 1
    count, room = 1, several
    for cost in costs:
        if cost > room:
            count, room = count + 1, several
        room -= cost
    return count
