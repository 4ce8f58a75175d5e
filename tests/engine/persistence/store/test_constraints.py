"""What a violated constraint means, in the words of each database."""

from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from engine.persistence.store.constraints import conflicting_keypair, is_key_taken

KEYPAIR = UUID("01a222a8-c4de-7206-a611-540fc68a5329")


def violated(words: str) -> IntegrityError:
    return IntegrityError("INSERT", {}, Exception(words))


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ("UNIQUE constraint failed: signatures.user_id, signatures.idempotency_key", True),
        ('duplicate key value violates unique constraint "uq_signatures_idempotency"', True),
        ("UNIQUE constraint failed: teams.account_id, teams.name_key", False),
    ],
)
def test_an_idempotency_key_is_taken_by_the_words_of_either_database(
    words: str, *, taken: bool
) -> None:
    assert is_key_taken(violated(words)) is taken


@pytest.mark.parametrize(
    ("words", "keypair"),
    [
        (f'"uq_release_keypairs_held" DETAIL: Key (keypair_id)=({KEYPAIR}) exists', KEYPAIR),
        (f'"uq_teams" DETAIL: Key (keypair_id)=({KEYPAIR}) exists', None),
        ('"uq_release_keypairs_held" without more', None),
    ],
)
def test_the_keypair_is_named_that_another_release_holds(words: str, keypair: UUID | None) -> None:
    assert conflicting_keypair(violated(words)) == keypair
