"""Wordings of a sign as the reader's lexicon knows them, written out in one language.

A lexicon entry is a pattern over concepts («<blood> & <stool>»); here each concept becomes one of
its words. The choice is fixed by the code, so that the same lexicon gives the same wordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any

from clinical.reader.read import read_text
from clinical.reader.wordings import lexicon_files, phrases

_FAMILIES = "families"
_TRIES_PER_PATTERN = 4
_MOST_WORDINGS = 14
_DEEPEST = 4


@cache
def lexicon_wordings(code: str, language: str) -> tuple[str, ...]:
    """At most 14 wordings of a finding; none where the language has no words for it."""
    rng = Random(f"{language}:{code}")
    files = lexicon_files()
    patterns = [
        pattern
        for name in (language, _FAMILIES)
        for pattern in phrases(files.get(name, {}).get("signs", {}).get(code, ""))
    ]
    found: dict[str, None] = {}
    for pattern in patterns:
        for _ in range(_TRIES_PER_PATTERN):
            if (words := _written_out(pattern, language, rng)) is not None:
                found[words] = None
    wordings = [words for words in found if _states(words, code)]
    rng.shuffle(wordings)
    return tuple(wordings[:_MOST_WORDINGS])


def _states(words: str, code: str) -> bool:
    """Whether the words, put together by chance, still mean this sign and not another one alone."""
    read = {finding.code for finding in read_text(words).findings}
    return not read or code in read


def _written_out(pattern: str, language: str, rng: Random, depth: int = 0) -> str | None:
    """The pattern with a word for each concept; None where the language leaves one empty."""
    words: list[str] = []
    for part in pattern.split():
        if part == "&" or part.startswith("~"):
            continue
        if not part.startswith("<"):
            words.append(part)
            continue
        choices = _concepts(language).get(part.strip("<>"), ())
        if not choices or depth >= _DEEPEST:
            return None
        inner = _written_out(rng.choice(choices), language, rng, depth + 1)
        if inner is None:
            return None
        words.append(inner)
    return " ".join(words)


@cache
def lexicon_denials(code: str, language: str) -> tuple[str, ...]:
    """Wordings that state a finding as absent by themselves, such as «drinks well»."""
    return phrases(lexicon_files().get(language, {}).get("absent", {}).get(code, ""))


@cache
def _concepts(language: str) -> Mapping[str, tuple[str, ...]]:
    """Concept -> its words in this language, inflected as the file says."""
    source: Mapping[str, Any] = lexicon_files().get(language, {})
    forms = source.get("verb_forms", {})
    return {
        name: tuple(form for entry in phrases(value) for form in _inflected(entry, forms))
        for name, value in source.get("concepts", {}).items()
    }


def _inflected(entry: str, forms: Mapping[str, str]) -> tuple[str, ...]:
    if entry[0] not in forms:
        return (entry,)
    return tuple(prefix + entry[1:] for prefix in phrases(forms[entry[0]]))
