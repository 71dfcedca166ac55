"""The gateway's own fixed sentences in en, fr and sw. Clinical wording is in clinical.phrases."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

LANGUAGES = ("en", "fr", "sw")


def say(code: str, language: str, **values: str) -> str:
    """The sentence of a code; an unknown language falls back to English.

    Raises KeyError for a code that no file has, or a value that the sentence needs.
    """
    table = sentences(language if language in LANGUAGES else "en")
    return table[code].format(**values)


@cache
def sentences(language: str) -> Mapping[str, str]:
    """All sentences of one language by code."""
    raw = resources.files(__package__).joinpath(f"{language}.toml").read_text("utf-8")
    return {str(code): str(sentence) for code, sentence in tomllib.loads(raw).items()}
