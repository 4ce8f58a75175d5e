"""One rule says who sees a release, and its SQL form finds the same ones."""

import itertools
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.commands.administration.roles import CreateRole
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code
from engine.model.facts import AccountSettings, Actor, Release
from engine.model.visibility import sees
from engine.model.vocabulary import Permission, Status
from engine.persistence.db.ids import uuid7
from engine.persistence.db.pagination import PageArgs
from engine.persistence.store import tables as t
from engine.persistence.store.releases import insert_release
from engine.queries import releases, visibility
from engine.queries.context import QueryContext, read
from engine.queries.releases import ReleaseFilter
from engine.queries.visibility import is_visible
from tests.support.facts import release as release_like
from tests.support.refusals import assert_refused
from tests.support.world import World, make_world

ACTORS = st.fixed_dictionaries(
    {
        "permissions": st.frozensets(st.sampled_from(Permission)),
        "service": st.booleans(),
        "teams": st.frozensets(st.sampled_from(["blue", "red"])),
    }
)


def every_kind(world: World) -> list[Release]:
    """By whom, of which team and with whom: a release of each kind there can be."""
    dev, eve = world.people["dev"], world.people["eve"]
    teams = (None, world.things["blue"], world.things["red"])
    participants: list[set[UUID]] = [set(), {dev}, {eve}, {dev, eve}]
    releases_of_every_kind = []
    for number, (creator, team, people) in enumerate(
        itertools.product((dev, eve), teams, participants)
    ):
        like = release_like(Status.PENDING, id=uuid7(), account_id=world.account_id)
        written = replace(
            like.fields,
            name=f"Falcon {number}",
            team_id=team,
            participant_ids=frozenset(people),
            keypair_ids=frozenset(),
        )
        releases_of_every_kind.append(replace(like, creator_id=creator, fields=written))
    with world.system.database.writing() as connection:
        for release in releases_of_every_kind:
            insert_release(connection, release)
        connection.commit()
    return releases_of_every_kind


def found(reading: QueryContext, ids: list[UUID]) -> set[UUID]:
    """By their ids; the SQL form finds the same, and as many are counted."""
    query = sa.select(t.releases.c.id).where(is_visible(reading))
    visible = set(reading.connection.execute(query).scalars())
    assert visible == set(releases.by_ids(reading, ids))
    assert releases.count(reading, ReleaseFilter()) == len(visible)
    return visible


def paged(reading: QueryContext, order: str, *, descending: bool, backward: bool) -> list[UUID]:
    """All pages of the list, put together."""
    listed: list[Release] = []
    window = PageArgs(last=5) if backward else PageArgs(first=5)
    while True:
        page = releases.find(reading, ReleaseFilter(), order, window, descending=descending)
        listed = [*page.items, *listed] if backward else [*listed, *page.items]
        if not (page.has_previous if backward else page.has_next):
            return [release.id for release in listed]
        cursor = page.cursors[0 if backward else -1]
        window = PageArgs(last=5, before=cursor) if backward else PageArgs(first=5, after=cursor)


@pytest.mark.parametrize("each", [20, 1], ids=["each team by itself", "teams together"])
def test_the_rule_and_its_sql_form_agree_on_every_release(
    world: World, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visibility, "MAX_SINGLE_TEAMS", each)
    world.add_team("red", ["bob"], [], 1)
    known = every_kind(world)
    theirs = make_world(world.system.database, account="Other").request()
    ids = [theirs, *(release.id for release in known)]
    seen: set[int] = set()

    @settings(
        max_examples=100,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        database=None,
    )
    @given(
        drawn=ACTORS,
        teams_enabled=st.booleans(),
        order=st.sampled_from(sorted(releases.ORDERS)),
        descending=st.booleans(),
        backward=st.booleans(),
    )
    def agree(
        drawn: dict[str, Any], teams_enabled: bool, order: str, descending: bool, backward: bool
    ) -> None:
        actor = Actor(
            user_id=world.people["dev"],
            permissions=drawn["permissions"],
            service=drawn["service"],
            team_ids=frozenset(world.things[name] for name in drawn["teams"]),
        )
        account_settings = AccountSettings(
            account_id=world.account_id, account_name="Acme", teams_enabled=teams_enabled
        )
        by_rule = {release.id for release in known if sees(account_settings, actor, release)}
        reading = QueryContext(connection, world.clock.instant, account_settings, actor)
        assert found(reading, ids) == by_rule
        listed = paged(reading, order, descending=descending, backward=backward)
        in_order = releases.ORDERS[order]
        query = sa.select(t.releases.c.id).where(t.releases.c.id.in_(by_rule)).order_by(*in_order)
        expected = list(connection.execute(query).scalars())
        assert listed == (expected[::-1] if descending else expected)
        seen.add(len(by_rule))

    with world.system.database.reading() as connection:
        agree()
    # What dev requested or takes part in; of the rest those of none, one, two or all of the teams.
    assert seen == {18, 20, 22, 24}


@pytest.mark.parametrize(
    ("name", "scopes", "visible"),
    [
        ("cid", None, True),
        ("cid", frozenset({Permission.APPROVE_RELEASE}), True),
        ("cid", frozenset(Permission) - {Permission.APPROVE_RELEASE}, False),
        ("bot", None, False),
    ],
)
def test_with_teams_off_a_command_finds_what_a_query_finds(
    world: World, name: str, scopes: frozenset[Permission] | None, visible: bool
) -> None:
    approving = frozenset({Permission.APPROVE_RELEASE})
    world.do("admin", CreateRole(name="Approving", permissions=approving))
    world.add_user("cid", "Approving")
    world.add_user("bot", "Approving", service=True)
    world.settings(teams_enabled=False)
    release = world.request(teams=False)
    principal = world.principal(name, scopes=scopes)
    looked = read(world.system, principal, lambda reading: found(reading, [release]))
    assert looked == ({release} if visible else set())
    withdraw = WithdrawRelease(release_id=release)
    if visible:
        world.do(name, withdraw, scopes=scopes)
    else:
        assert_refused(world, name, withdraw, Code.NOT_FOUND, recorded=False, scopes=scopes)
