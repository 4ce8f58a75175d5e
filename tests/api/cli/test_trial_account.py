"""What `countersign first-signature` makes, on both databases."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.trial_account import SCOPES, prepare_first_signature, write_files
from api.graphql.ids import to_global
from engine.commands.administration.account import create_account
from engine.model.errors import Code, Refusal
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.queries.credentials import principal_of_token
from tests.support.world import World

LEAD = "lea@example.com"
NOW = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)


def rows(database: Database, table: sa.Table) -> int:
    with database.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def account(world: World) -> UUID:
    return create_account(world.system, "First", "ada@example.com").account_id


def test_a_pipeline_may_request_and_sign_and_another_person_approves(
    world: World, account: UUID
) -> None:
    first = prepare_first_signature(world.system, account, LEAD)
    u, m = t.users, t.team_members
    query = (
        sa.select(u.c.email, u.c.service)
        .join(m, m.c.user_id == u.c.id)
        .where(m.c.team_id == first.team_id)
        .order_by(u.c.email)
    )
    with world.system.database.reading() as connection:
        members = [tuple(row) for row in connection.execute(query)]
    assert members == [("first-pipeline@example.com", True), (LEAD, False)]
    assert first.token not in repr(first)


def test_a_second_call_makes_a_token_only(world: World, account: UUID) -> None:
    first = prepare_first_signature(world.system, account, LEAD)
    tables = (t.users, t.teams, t.keypairs, t.api_tokens)
    before = [rows(world.system.database, table) for table in tables]
    second = prepare_first_signature(world.system, account, LEAD.upper())
    assert (second.team_id, second.keypair_id) == (first.team_id, first.keypair_id)
    assert second.token != first.token
    after = [rows(world.system.database, table) for table in tables]
    assert after == [*before[:3], before[3] + 1]


@pytest.mark.parametrize(
    ("approver", "sentence"),
    [
        ("nobody", "is no e-mail address"),
        ("ada@example.com", "ada@example.com cannot approve here: name another person"),
    ],
)
def test_who_cannot_approve_is_refused_before_anything_is_made(
    world: World, account: UUID, approver: str, sentence: str
) -> None:
    tables = (t.users, t.teams, t.keypairs, t.api_tokens)
    before = [rows(world.system.database, table) for table in tables]
    with pytest.raises(Refusal, match=sentence) as refused:
        prepare_first_signature(world.system, account, approver)
    assert refused.value.code is Code.INVALID_INPUT
    assert [rows(world.system.database, table) for table in tables] == before


def test_another_approver_than_before_is_told(world: World, account: UUID) -> None:
    prepare_first_signature(world.system, account, LEAD)
    with pytest.raises(Refusal, match="does not have this approver"):
        prepare_first_signature(world.system, account, "other@example.com")


def test_the_files_are_for_their_owner_and_have_the_right_ids_and_dates(
    world: World, account: UUID, tmp_path: Path
) -> None:
    first = prepare_first_signature(world.system, account, LEAD)
    folder = tmp_path / "made" / "here"
    for _ in range(2):
        write_files(folder, first, NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    requested = json.loads((folder / "request.json").read_text())["variables"]["input"]
    assert (requested["startsAt"], requested["endsAt"]) == (
        "2031-05-04T03:02:01Z",
        "2031-05-04T07:02:01Z",
    )
    assert requested["teamId"] == to_global("Team", first.team_id)
    signed = json.loads((folder / "sign.json").read_text())["variables"]["input"]
    assert requested["keypairIds"] == [signed["keypairId"]]
    assert signed["keypairId"] == to_global("Keypair", first.keypair_id)
    secret = (folder / "authorization").read_text().removeprefix("Authorization: Bearer ").strip()
    with world.system.database.reading() as connection:
        principal = principal_of_token(connection, secret, datetime.now(UTC))
    assert principal is not None
    assert principal.scopes == SCOPES
