"""What a violated constraint means, as each database reports it."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine.commands.credentials.sessions import StartSession
from engine.model.vocabulary import SignInMethod, Status
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.persistence.store.constraints import (
    CONFLICTS,
    IDEMPOTENCY_KEY,
    KEYPAIR_HELD,
    conflicting_keypair,
    is_key_taken,
    refusal_of,
    violated_constraint,
)
from tests.support.chains import add_certificate
from tests.support.pipelines import make_rule, trust
from tests.support.releases import release_in
from tests.support.world import World

#: Each constraint with its table, and the columns in which a second row may differ.
CONSTRAINTS: dict[str, tuple[sa.Table, tuple[str, ...]]] = {
    KEYPAIR_HELD: (t.release_keypairs, ("release_id",)),
    IDEMPOTENCY_KEY: (t.signatures, ("id",)),
    "uq_releases_name": (t.releases, ("id",)),
    "uq_decisions_release_id_material_revision_approver_id": (t.decisions, ("id",)),
    "uq_users_account_id_email_key": (t.users, ("id",)),
    "uq_teams_account_id_name_key": (t.teams, ("id",)),
    "uq_roles_account_id_name_key": (t.roles, ("id",)),
    "uq_keypairs_account_id_alias_key": (t.keypairs, ("id",)),
    "uq_accounts_name_key": (t.accounts, ("id",)),
    "uq_trusted_issuers_account_id_name_key": (t.trusted_issuers, ("id", "issuer")),
    "uq_trusted_issuers_account_id_issuer": (t.trusted_issuers, ("id", "name_key")),
    "uq_pipeline_rules_account_id_name_key": (t.pipeline_rules, ("id",)),
    "uq_certificates_fingerprint": (t.certificates, ("id",)),
    "pk_adopted_keys": (t.adopted_keys, ()),
    "pk_sessions": (t.sessions, ("secret_hash",)),
}
#: Values that no row has, by the type of the column.
FRESH: dict[type, Any] = {UUID: uuid7(), bytes: b"fresh", str: "fresh"}


def insert_again(world: World, table: sa.Table, fresh: tuple[str, ...]) -> IntegrityError:
    """Insert a row of a table once more, with fresh values of these columns; answers the error."""
    with world.system.database.writing() as connection:
        row: dict[str, Any] = dict(connection.execute(sa.select(table)).mappings().first() or {})
        assert row, f"{table} has no row to insert again"
        row |= {name: FRESH[type(row[name])] for name in fresh}
        with pytest.raises(IntegrityError) as raised:
            connection.execute(table.insert().values(row))
    return raised.value


@pytest.fixture
def busy_world(world: World) -> World:
    """An account with a row in each table that has a constraint."""
    release_in(world, Status.IN_PROGRESS)
    world.sign("dev", idempotency_key="build 1")
    world.do("dev", StartSession(method=SignInMethod.MAIL))
    trust(world)
    make_rule(world)
    add_certificate(world, make_default=False)
    with world.system.database.writing() as connection:
        values = {"backend": "token", "public_key_hash": b"1", "keypair_id": world.things["vault"]}
        connection.execute(t.adopted_keys.insert().values(values))
        connection.commit()
    return world


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_violated_constraint_is_known_by_its_name(busy_world: World, name: str) -> None:
    error = insert_again(busy_world, *CONSTRAINTS[name])
    assert violated_constraint(error) == name
    assert is_key_taken(error) is (name == IDEMPOTENCY_KEY)
    if name in CONFLICTS:
        refusal = refusal_of(error)
        assert (refusal.code, refusal.message, *refusal.field) == CONFLICTS[name]


def test_every_constraint_of_the_table_is_tried() -> None:
    assert CONSTRAINTS.keys() == CONFLICTS.keys() | {IDEMPOTENCY_KEY}


def test_postgresql_names_the_keypair_that_another_release_holds(busy_world: World) -> None:
    error = insert_again(busy_world, *CONSTRAINTS[KEYPAIR_HELD])
    named = None if busy_world.system.database.is_sqlite else busy_world.things["vault"]
    assert conflicting_keypair(error) == named
    assert conflicting_keypair(insert_again(busy_world, t.teams, ("id",))) is None


def test_a_constraint_that_is_not_listed_is_a_bug(busy_world: World) -> None:
    error = insert_again(busy_world, t.user_roles, ())
    assert violated_constraint(error) == "pk_user_roles"
    with pytest.raises(IntegrityError) as raised:
        refusal_of(error)
    assert raised.value is error
