"""User codes: how people type them, and how many there are."""

import math
import secrets

import pytest

from engine.model.device_codes import (
    hash_user_code,
    new_user_code,
    parse_user_code,
    spell_user_code,
)


def test_a_code_is_read_as_it_is_shown_and_as_people_type_it() -> None:
    code = new_user_code()
    shown = spell_user_code(code)
    for typed in (
        shown,
        shown.lower(),
        code,
        f" {shown} ",
        shown.replace("-", " "),
        "-".join(code),
    ):
        assert parse_user_code(typed) == code


@pytest.mark.parametrize(
    "typed",
    ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ1", "ＢCDF-GHJK", "ÄCDF-GHJK", "-" * 200],
)
def test_nothing_else_is_a_code(typed: str) -> None:
    assert parse_user_code(typed) is None


def test_a_code_has_over_34_bits_of_a_secure_source(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[str] = []
    monkeypatch.setattr(secrets, "choice", lambda letters: offered.append(letters) or letters[0])
    new_user_code()
    assert sum(math.log2(len(set(letters))) for letters in offered) > 34


def test_the_stored_hash_needs_the_key() -> None:
    first, second = (hash_user_code(key, "BCDFGHJK") for key in (b"1" * 32, b"2" * 32))
    assert first != second
