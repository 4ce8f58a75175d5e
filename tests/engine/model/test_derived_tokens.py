"""Derived secrets depend on key, purpose, row and nonce, and a link's path gives them back."""

from __future__ import annotations

from uuid import UUID

import pytest

from engine.model.derived_tokens import (
    derive_token,
    has_hash,
    hash_token,
    is_derived_token,
    link_url,
    split_spelling,
)

KEY, PURPOSE, ROW_ID, NONCE = b"k" * 32, b"purpose", UUID(int=1), b"n" * 16
TOKEN = derive_token(KEY, PURPOSE, ROW_ID, NONCE)


def test_a_token_is_accepted_with_what_it_was_derived_from() -> None:
    assert is_derived_token(TOKEN, KEY, PURPOSE, ROW_ID, NONCE)
    assert has_hash(TOKEN, hash_token(TOKEN))


@pytest.mark.parametrize(
    "derived_from",
    [
        (b"o" * 32, PURPOSE, ROW_ID, NONCE),
        (KEY, b"another", ROW_ID, NONCE),
        (KEY, PURPOSE, UUID(int=2), NONCE),
        (KEY, PURPOSE, ROW_ID, b"o" * 16),
    ],
)
def test_a_token_is_refused_with_anything_else(
    derived_from: tuple[bytes, bytes, UUID, bytes],
) -> None:
    other = derive_token(*derived_from)
    assert not is_derived_token(TOKEN, *derived_from)
    assert not has_hash(other, hash_token(TOKEN))


@pytest.mark.parametrize("public_url", ["https://example.com", "https://example.com/"])
def test_a_link_gives_back_its_row_and_token(public_url: str) -> None:
    url = link_url(public_url, "/decide", ROW_ID, TOKEN)
    assert url.startswith("https://example.com/decide/")
    assert split_spelling(url.rpartition("/")[2]) == (ROW_ID, TOKEN)
