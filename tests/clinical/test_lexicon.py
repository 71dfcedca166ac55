"""The lexicon files as data: enough ways of saying each sign, known codes, marked unreviewed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import clinical
from clinical.reader.compiling import compile_lexicon, lexicon
from clinical.reader.wordings import LexiconError, Meaning, lexicon_files, phrases

TABLES = Path(clinical.__file__).parent / "tables"
LANGUAGES = ("en", "fr", "sw")
LEAST_FOR_DANGER_SIGN = {"en": 10, "fr": 6, "sw": 6}
LEAST_FOR_OTHER = {"en": 4, "fr": 3, "sw": 3}


def finding_codes() -> set[str]:
    table = tomllib.loads((TABLES / "findings.toml").read_text(encoding="utf-8"))
    return {code for section in table.values() for code in section}


def danger_codes() -> list[str]:
    table = tomllib.loads((TABLES / "danger_signs.toml").read_text(encoding="utf-8"))
    return list(table["codes"])


def ways(language: str, code: str) -> set[str]:
    return set(phrases(lexicon_files()[language][Meaning.SIGN].get(code, "")))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", danger_codes())
def test_danger_sign_has_enough_wordings(language: str, code: str) -> None:
    assert len(ways(language, code)) >= LEAST_FOR_DANGER_SIGN[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_findings_have_wordings(language: str) -> None:
    few = {
        code: len(ways(language, code))
        for code in finding_codes() - set(danger_codes())
        if len(ways(language, code)) < LEAST_FOR_OTHER[language]
    }
    assert not few


def test_every_code_of_a_lexicon_is_in_the_findings_table() -> None:
    allowed = finding_codes() | {"bleeding"}  # placed by who the patient is
    for name, source in lexicon_files().items():
        for meaning in (Meaning.SIGN, Meaning.ABSENT):
            unknown = set(source.get(meaning, {})) - allowed
            assert not unknown, f"{name}.toml: {unknown}"


def test_no_language_claims_a_review() -> None:
    assert all(lexicon_files()[language]["reviewed"] is False for language in LANGUAGES)


def test_languages_are_the_files_that_name_one() -> None:
    assert set(lexicon().languages) == set(LANGUAGES)


def test_a_language_is_added_by_one_file() -> None:
    sources = {
        **lexicon_files(),
        "xx": {
            "language": "xx",
            "reviewed": False,
            "concepts": {"limb": "zurpi", "powerless": "hokati"},
            "signs": {"convulsions": "trenbel guzti"},
        },
    }
    compiled = compile_lexicon(sources)
    assert "xx" in compiled.languages
    assert "hokati" in compiled.element_of_word


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ({"signs": {"fever": "<nowhere>"}}, "not a concept"),
        ({"concepts": {"x": "y"}, "signs": {"fever": "a ~2 <x> & b"}}, "do not go together"),
        ({"concepts": {"x": "<x> y"}, "signs": {"fever": "<x>"}}, "in a ring"),
    ],
)
def test_a_faulty_file_is_refused_with_what_was_expected(
    source: dict[str, dict[str, str]], complaint: str
) -> None:
    with pytest.raises(LexiconError, match=complaint):
        compile_lexicon({"xx": {"language": "xx", **source}})
