"""Whatever changes a fact that signing reads records an entry, so that nobody keeps it longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine.commands.maintenance.advance_due import advance_due
from engine.model.vocabulary import Status
from engine.persistence.store import tables as t
from tests.api.graphql.test_scope_walk import CASES, Stage, stage  # noqa: F401 - a fixture
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.recorded_facts import watched
from tests.support.releases import release_in
from tests.support.world import World


@POSTGRESQL_IS_LONG
def test_every_mutation_records_what_it_changes_of_the_facts_of_signing(
    stage: Stage,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with watched(monkeypatch, stage.world.system.database) as changed:
        for case in CASES:
            stage.api.try_("max", case.mutation, case.input(stage))
    kinds = {name.split()[0] for name in changed}
    assert kinds == {"settings", "user", "token", "session", "keypair", "release"}


def test_what_time_does_is_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    release_in(world, Status.APPROVED)
    with watched(monkeypatch, world.system.database) as changed:
        for _ in range(3):
            world.clock.instant += timedelta(days=1)
            advance_due(world.system)
    assert {name.split()[0] for name in changed} >= {"release", "keypair"}


def test_a_change_that_is_not_recorded_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        with world.system.database.writing() as connection:
            connection.execute(sa.update(t.users).values(active=False))
            connection.commit()

    with (
        watched(monkeypatch, world.system.database),
        pytest.raises(pytest.fail.Exception, match="facts of signing changed"),
    ):
        change()
