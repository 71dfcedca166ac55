"""Tokens: hashed at rest, several per caller, scopes, expiry, and a file that may change."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inference_svc.tokens import Scope, TokenBook, TokensError, new_token, parse_tokens

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ASSESS = frozenset({Scope.ASSESS})


def a_book(path: Path, *lines: str) -> TokenBook:
    path.write_text("\n".join(["# callers", "", *lines]))
    return TokenBook(path, now=lambda: NOW)


def test_token_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    made = new_token("gateway", frozenset({Scope.ASSESS, Scope.INFO}))
    book = a_book(tmp_path / "tokens", made.line)
    grant = book.grant_of(made.token)
    assert grant is not None
    assert (grant.caller, grant.scopes) == ("gateway", {Scope.ASSESS, Scope.INFO})
    assert made.token not in made.line
    assert made.token not in repr(made)


def test_several_tokens_of_one_caller_hold_together(tmp_path: Path) -> None:
    old, new = new_token("gateway", ASSESS), new_token("gateway", ASSESS)
    book = a_book(tmp_path / "tokens", old.line, new.line + "  # since today")
    assert all(book.grant_of(made.token) for made in (old, new))


@pytest.mark.parametrize(("days", "known"), [(1, True), (0, False), (-1, False)])
def test_expired_token_is_unknown(tmp_path: Path, days: int, known: bool) -> None:
    made = new_token("gateway", ASSESS, NOW + timedelta(days=days))
    assert (a_book(tmp_path / "tokens", made.line).grant_of(made.token) is not None) is known


def test_unknown_token_is_unknown(tmp_path: Path) -> None:
    book = a_book(tmp_path / "tokens", new_token("gateway", ASSESS).line)
    assert book.grant_of("chewie_guess") is None
    assert book.grant_of("\udcff") is None


def test_changed_file_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    old, new = new_token("gateway", ASSESS), new_token("clinic-app", ASSESS)
    book = a_book(path, old.line)
    replacement = tmp_path / "tokens.new"
    replacement.write_text(new.line)
    replacement.rename(path)
    assert book.grant_of(old.token) is None
    assert book.grant_of(new.token) is not None


@pytest.mark.parametrize("broken", ["gateway", "", "\xff\xfe"])
def test_broken_replacement_leaves_the_good_tokens_in_force(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "tokens"
    made = new_token("gateway", ASSESS)
    book = a_book(path, made.line)
    if broken:
        path.write_bytes(broken.encode("latin-1"))
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    assert book.grant_of(made.token) is not None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("gateway assess", "line 1: expected «caller scope,scope"),
        ("gateway admin sha256:" + "0" * 64, "line 1: 'admin' is not a valid Scope"),
        ("gateway assess sha256:" + "0" * 63, "line 1: expected"),
        ("gateway assess sha256:" + "0" * 64 + " expires=soon", "line 1: Invalid isoformat"),
        (
            "g assess sha256:" + "0" * 64 + " expires=2027-01-01",
            "line 1: expires needs a time zone",
        ),
    ],
)
def test_wrong_line_is_told_by_number(line: str, told: str) -> None:
    with pytest.raises(TokensError, match=told.replace("(", r"\(")):
        parse_tokens(line)
