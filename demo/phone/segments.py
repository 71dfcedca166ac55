"""How many SMS segments a text takes, counted as the provider bills it.

Written apart from the gateway's own arithmetic on purpose: the network counts for itself, so a
mistake on one side shows as a difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# 3GPP TS 23.038, the default alphabet and its extension table (each extension character is
# sent as escape + character, so it takes two septets).
GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")


class Encoding(StrEnum):
    """How the characters of one message travel."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


# units in a message of one segment, units in each segment of a longer one
_CAPACITY = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What one text costs: encoding, characters as written, and segments (at least 1)."""

    encoding: Encoding
    characters: int
    segments: int


def measure(text: str) -> Measure:
    """Measure a text of any length; an empty text still takes one segment."""
    gsm7 = all(c in GSM7_BASIC or c in GSM7_EXTENSION for c in text)
    encoding = Encoding.GSM_7 if gsm7 else Encoding.UCS_2
    widths = [_width(character, encoding) for character in text]
    single, multiple = _CAPACITY[encoding]
    segments = 1 if sum(widths) <= single else _pack(widths, multiple)
    return Measure(encoding=encoding, characters=len(text), segments=segments)


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return 2 if character in GSM7_EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _pack(widths: Iterable[int], capacity: int) -> int:
    """Fill segments in order; an escape pair or a surrogate pair never straddles two."""
    segments, used = 1, 0
    for width in widths:
        if used + width > capacity:
            segments, used = segments + 1, 0
        used += width
    return segments
