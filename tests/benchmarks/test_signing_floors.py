"""The floors of signing store what their rate stands for, and a missing row is noticed."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from benchmarks.data.signing_world import Signing, signing_world
from benchmarks.floors.same_work.connect import group_commit
from benchmarks.floors.signature_check import check_counts, check_signatures
from benchmarks.floors.statements_by_hand import by_hand
from engine.model.algorithms import KeypairAlgorithm
from engine.persistence.db.database import normal_url
from engine.persistence.store import tables as t

CALLERS, SECONDS = 5, 0.3


@pytest.fixture
def signing(database_url: str) -> Signing:
    """An account that has signed once."""
    return signing_world(database_url, KeypairAlgorithm.ECDSA_P256, releases=2)


def test_the_floor_of_the_same_work_writes_signatures_and_a_ledger_that_verify(
    database_url: str, signing: Signing
) -> None:
    with ExitStack() as stack:
        rate = group_commit(stack, database_url, signing)(CALLERS, SECONDS)

    stored = check_signatures(database_url, signing)
    assert stored > 1
    assert rate == pytest.approx((stored - 1) / SECONDS, rel=0.5)


def test_an_entry_or_a_signature_that_is_missing_is_noticed(
    database_url: str, signing: Signing
) -> None:
    with ExitStack() as stack:
        group_commit(stack, database_url, signing)(CALLERS, SECONDS)
    entries = t.ledger_entries
    last = sa.select(sa.func.max(entries.c.position)).scalar_subquery()
    engine = sa.create_engine(normal_url(database_url))
    with engine.begin() as connection:
        connection.execute(entries.delete().where(entries.c.position == last))
    engine.dispose()

    with pytest.raises(AssertionError, match="entries are missing"):
        check_signatures(database_url, signing)
    with pytest.raises(AssertionError, match="signatures"):
        check_counts(database_url, signing)


def test_the_statements_by_hand_count_what_they_sign(database_url: str, signing: Signing) -> None:
    rate = by_hand(database_url, signing, CALLERS, SECONDS)

    assert rate > 0
    assert check_counts(database_url, signing) > 1


def test_the_engine_is_held_to_the_same_check(database_url: str, signing: Signing) -> None:
    assert check_signatures(database_url, signing) == 1
