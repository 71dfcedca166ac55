"""The summary as it is being written: whole sentences out of growing JSON. Pure, per answer."""

from __future__ import annotations

import re

from clinical.dose import drop_dose_text

_OPENING = re.compile(r'\{\s*"summary"\s*:\s*"')
_SENTENCE_END = re.compile(r"[.!?;]\s+")


class SummaryStream:
    """Feed it pieces of the model's JSON; it returns the sentences that are complete.

    The schema permits no escapes in the summary, so its text ends at the first quote. Sentences
    that state a dose come out empty and are left out.
    """

    def __init__(self) -> None:
        self._text = ""
        self._sent = 0
        self._start: int | None = None
        self._done = False

    def feed(self, piece: str) -> list[str]:
        """Return the sentences that this piece completes, without doses."""
        if self._done:
            return []
        self._text += piece
        if self._start is None and (opening := _OPENING.match(self._text)):
            self._start = self._sent = opening.end()
        if self._start is None:
            return []
        end = self._text.find('"', self._start)
        self._done = end >= 0
        return [kept for sentence in self._complete(end) if (kept := drop_dose_text(sentence)[0])]

    def _complete(self, end: int) -> list[str]:
        visible = self._text[self._sent : end if self._done else len(self._text)]
        cut = len(visible) if self._done else _last_end(visible)
        self._sent += cut
        return [part for part in _split(visible[:cut]) if part]


def _last_end(text: str) -> int:
    return max((found.end() for found in _SENTENCE_END.finditer(text)), default=0)


def _split(text: str) -> list[str]:
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    return [text[a:b].strip() for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
