"""Tokens: shown once, kept as hashes, with a role, revoked at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shared.runtime.access import (
    MAY,
    ROLES,
    Actor,
    NoSuchToken,
    TokenExists,
    TokenFileUnreadable,
    Tokens,
    UnknownToken,
    create_token,
    first_tokens,
    list_tokens,
    revoke_token,
)
from shared.runtime.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def test_a_token_tells_its_name_and_role(settings: Settings) -> None:
    token = create_token(settings, "jugendamt", "clerk")
    assert Tokens(settings.tokens_file).actor(token) == Actor("jugendamt", "clerk")


def test_the_file_holds_no_token_and_only_its_owner_reads_it(settings: Settings) -> None:
    token = create_token(settings, "jugendamt", "clerk")
    text = settings.tokens_file.read_text("utf-8")
    assert token not in text
    assert token.removeprefix("pp_") not in text
    assert settings.tokens_file.stat().st_mode & 0o077 == 0


def test_an_unknown_or_odd_token_is_nobody(settings: Settings) -> None:
    create_token(settings, "jugendamt", "clerk")
    for odd in ("", "pp_", "\ud800", "x" * 10_000):
        with pytest.raises(UnknownToken):
            Tokens(settings.tokens_file).actor(odd)


def test_without_a_file_nobody_gets_in(settings: Settings) -> None:
    with pytest.raises(UnknownToken):
        Tokens(settings.tokens_file).actor("pp_anything")


def test_who_has_the_file_open_sees_new_and_revoked_tokens(settings: Settings) -> None:
    tokens = Tokens(settings.tokens_file)
    first = create_token(settings, "one", "auditor")
    assert tokens.actor(first).name == "one"
    second = create_token(settings, "two", "submitter")
    assert tokens.actor(second).role == "submitter"
    revoke_token(settings, "one")
    with pytest.raises(UnknownToken):
        tokens.actor(first)
    assert [(kept.name, kept.revoked is None) for kept in list_tokens(settings)] == [("one", False), ("two", True)]


def test_a_revoked_token_is_revoked_after_a_power_cut_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    create_token(settings, "one", "auditor")
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino))
    revoke_token(settings, "one")
    assert {settings.tokens_file.stat().st_ino, settings.tokens_file.parent.stat().st_ino} <= synced


def test_a_name_is_given_once_until_it_is_revoked(settings: Settings) -> None:
    create_token(settings, "one", "auditor")
    with pytest.raises(TokenExists, match="one"):
        create_token(settings, "one", "clerk")
    revoke_token(settings, "one")
    create_token(settings, "one", "clerk")


def test_only_what_exists_can_be_revoked(settings: Settings) -> None:
    create_token(settings, "one", "auditor")
    with pytest.raises(NoSuchToken, match="valid ones: one"):
        revoke_token(settings, "two")


@pytest.mark.parametrize(("name", "role"), [("", "clerk"), ("two words", "clerk"), ("one", "king")])
def test_names_and_roles_are_checked(settings: Settings, name: str, role: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        create_token(settings, name, role)      # type: ignore[arg-type]


def test_the_first_start_makes_a_token_for_every_role_and_never_again(settings: Settings) -> None:
    made = first_tokens(settings)
    tokens = Tokens(settings.tokens_file)
    assert {role: tokens.actor(token).role for role, token in made.items()} == {role: role for role in ROLES}
    assert first_tokens(settings) == {}


def test_a_damaged_file_lets_nobody_in_and_is_not_overwritten(settings: Settings) -> None:
    create_token(settings, "one", "auditor")
    settings.tokens_file.write_text("{", "utf-8")
    with pytest.raises(TokenFileUnreadable):
        Tokens(settings.tokens_file).actor("pp_x")
    with pytest.raises(TokenFileUnreadable):
        create_token(settings, "two", "auditor")
    assert settings.tokens_file.read_text("utf-8") == "{"


def test_who_operates_neither_hands_in_nor_decides() -> None:
    assert [action for action, roles in MAY.items() if "operator" in roles] == ["look", "operate"]
    assert set(MAY["look"]) == set(ROLES)
