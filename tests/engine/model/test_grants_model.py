"""Somebody with one credential tries whatever grants something, over many calls.

Every user they make is theirs to sign in as, and every token theirs to use. However they go about
it, nothing of that may reach further than the credential they began with. What that means is said
here anew, without the code that decides it.

`COUNTERSIGN_MODEL=long` runs 2,000 examples on each database.
"""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.command import Command, execute
from engine.commands.credentials.api_tokens import CreateApiToken, NewToken, RevokeApiToken
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.errors import Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import KeypairAccess, Permission
from engine.persistence.db.database import Database
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.queries.credentials import principal_of_token
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.state_machines import (
    LONG,
    LONG_EXAMPLES,
    STATE_MACHINE_TIMEOUT,
    report,
    run_state_machine,
)
from tests.support.world import make_world

EXAMPLES = LONG_EXAMPLES if LONG else 20
STEPS = 25

P = Permission
OWN = frozenset({P.MANAGE_OWN_PROFILE, P.MANAGE_OWN_TOKENS})
EVERYTHING = frozenset(Permission) - OWN
ADMIN = EVERYTHING - {P.SIGN, P.APPROVE_RELEASE}
#: What works only in the teams one is in.
IN_TEAMS = frozenset({P.VIEW_RELEASES, P.REQUEST_RELEASE, P.APPROVE_RELEASE, P.SIGN})

permission = st.sampled_from(sorted(Permission))
#: What opens the most comes often.
opening = st.sampled_from([P.MANAGE_TEAMS, P.MANAGE_TEAMS, P.MANAGE_KEYPAIRS, P.MANAGE_OWN_TOKENS])
scopes = st.one_of(
    st.builds(
        lambda a, b: frozenset({P.MANAGE_USERS, a, *b}), opening, st.sets(permission, max_size=1)
    ),
    st.sampled_from([EVERYTHING - {P.APPROVE_RELEASE}, ADMIN, ADMIN | OWN, ADMIN | {P.SIGN}]),
    st.sampled_from([None, EVERYTHING, EVERYTHING | OWN, frozenset(OWN)]),
)
#: Which of what the attacker may give, and now and then of all there is.
some = st.lists(st.integers(0, 8), min_size=1, max_size=2)
how = st.sampled_from(["given", "given", "all of it", "any"])
person = st.sampled_from(["admin", "max"])
#: The newest is what is drawn most.
pick = st.sampled_from([0, 0, 0, 1, 0, 1, 2, 3])
yes = st.booleans()

ran: Counter[str] = Counter()


class Escalation(RuleBasedStateMachine):
    """What the attacker has, and how far it may reach."""

    database: ClassVar[Database]

    @initialize(who=person, scopes=scopes)
    def begin(self, who: str, scopes: frozenset[Permission] | None) -> None:
        ran["examples"] += 1
        self.world = world = make_world(self.database, account=f"Account {ran['examples']}")
        world.add_user("max", "ADMIN", "LEAD", "DEVELOPER")
        world.do("admin", UpdateUser(user_id=world.people["eve"], active=False))
        vault = world.things["vault"]
        restricted = UpdateKeypair(keypair_id=vault, access=KeypairAccess.RESTRICTED)
        world.do("admin", restricted)
        self.count = itertools.count()
        self.roles, self.role_ids = ["AUDITOR", "SIGNER", "LEAD", "ADMIN"], list[UUID]()
        self.before = self.held()
        self.places, self.mapped = self.placed(), self.mappings()
        principal = world.principal(who)
        if scopes is not None:
            until = world.clock.instant + timedelta(hours=1)
            token = world.do(who, CreateApiToken(name="stolen", scopes=scopes, expires_at=until))
            principal = self.proved(token)
        self.credentials: list[Principal] = [principal]
        self.first = principal.user_id
        self.users, self.services = [world.people["eve"], world.people["dev"]], list[UUID]()
        held = self.before[principal.user_id]
        self.covered = frozenset(Permission) if scopes is None else scopes
        self.limit = held & self.covered
        if self.limit >= ADMIN and self.covered >= EVERYTHING:
            self.limit |= EVERYTHING

    # --- what can be tried ----------------------------------------------------------------

    def chosen(self, which: list[int], how: str) -> frozenset[Permission]:
        """All that may be given, some of it, or whatever else there is."""
        given = sorted((self.limit if how != "any" else EVERYTHING) - OWN)
        if how == "all of it" or not given:
            return frozenset(given)
        return frozenset(given[one % len(given)] for one in which)

    @rule(by=pick, which=some, how=how)
    def create_role(self, by: int, which: list[int], how: str) -> None:
        name = f"Role {next(self.count)}"
        role = self.attempt(by, CreateRole(name=name, permissions=self.chosen(which, how)))
        if role is not None:
            self.roles.append(name)
            self.role_ids.append(role)

    @rule(by=pick, which=some, how=how)
    def create_somebody_with_a_role(self, by: int, which: list[int], how: str) -> None:
        known = len(self.roles)
        self.create_role(by, which, how)
        if len(self.roles) > known:
            self.create_user(by, [0], service=False)

    @rule(by=pick, role=pick, which=some, how=how)
    def update_role(self, by: int, role: int, which: list[int], how: str) -> None:
        if self.role_ids:
            role_id = self.role_ids[-1 - role % len(self.role_ids)]
            self.attempt(by, UpdateRole(role_id=role_id, permissions=self.chosen(which, how)))

    @rule(by=pick, roles=st.lists(pick, min_size=1, max_size=2), service=yes)
    def create_user(self, by: int, roles: list[int], service: bool) -> None:
        number = next(self.count)
        command = CreateUser(
            email=f"u{number}@example.com", name="New", roles=self.named(roles), service=service
        )
        user_id = self.attempt(by, command)
        if user_id is None:
            return
        self.users.append(user_id)
        if service:
            self.services.append(user_id)
        else:
            account_id = self.world.account_id
            self.credentials.append(Principal(account_id=account_id, user_id=user_id))

    @rule(by=pick, user=pick, roles=st.lists(pick, max_size=2))
    def give_roles(self, by: int, user: int, roles: list[int]) -> None:
        self.attempt(by, UpdateUser(user_id=self.one(user), roles=self.named(roles)))

    @rule(by=pick, user=pick, active=yes)
    def activate(self, by: int, user: int, active: bool) -> None:
        self.attempt(by, UpdateUser(user_id=self.one(user), active=active))

    @rule(by=pick, service=pick, own=yes, scopes=scopes)
    def create_token(
        self, by: int, service: int, own: bool, scopes: frozenset[Permission] | None
    ) -> None:
        if not own and not self.services:
            return
        user_id = None if own else self.services[-1 - service % len(self.services)]
        command = CreateApiToken(name="child", user_id=user_id, scopes=scopes)
        result = self.attempt(by, command)
        if result is not None:
            self.credentials.append(self.proved(result))

    @rule(by=pick, which=pick)
    def revoke_token(self, by: int, which: int) -> None:
        tokens = [one for one in self.credentials[1:] if one.token_id is not None]
        if tokens:
            token_id = tokens[which % len(tokens)].token_id
            assert token_id is not None
            self.attempt(by, RevokeApiToken(token_id=token_id))

    @rule(by=pick, user=pick)
    def join_team(self, by: int, user: int) -> None:
        blue = self.world.things["blue"]
        members = frozenset(user_id for user_id, team_id in self.placed() if team_id == blue)
        self.attempt(by, UpdateTeam(team_id=blue, member_ids=members | {self.one(user)}))

    @rule(by=pick, users=st.lists(pick, max_size=2))
    def create_team(self, by: int, users: list[int]) -> None:
        members = frozenset({self.world.people["ann"], *map(self.one, users)})
        self.attempt(by, CreateTeam(name=f"Team {next(self.count)}", member_ids=members))

    @rule(by=pick, user=pick)
    def map_to_keypair(self, by: int, user: int) -> None:
        users = frozenset(self.mappings() | {self.one(user)})
        vault = self.world.things["vault"]
        self.attempt(by, UpdateKeypair(keypair_id=vault, user_ids=users))

    # --- what must hold -------------------------------------------------------------------

    @invariant()
    def no_credential_reaches_further(self) -> None:
        for principal in self.live():
            with self.database.reading() as connection:
                actor = loading.load_actor(connection, principal)
            beyond = actor.permissions - self.limit
            # What is one's own is everybody's; the first person's, if the token names it.
            mine = principal.user_id == self.first
            assert beyond <= (OWN & self.covered if mine else OWN), beyond

    @invariant()
    def nobody_holds_more(self) -> None:
        for user_id, held in self.held().items():
            assert held <= self.before.get(user_id, frozenset()) | self.limit

    @invariant()
    def nobody_uses_it_where_they_could_not(self) -> None:
        held = self.held()
        for user_id, _ in self.placed() - self.places:
            assert (held[user_id] & IN_TEAMS) | {P.VIEW_RELEASES} <= self.covered
        for user_id in self.mappings() - self.mapped:
            assert held[user_id] & {P.SIGN} <= self.covered

    @invariant()
    def children_end_with_their_parents(self) -> None:
        k = t.api_tokens
        parent = k.alias()
        query = sa.select(k, parent.c.expires_at.label("end"), parent.c.revoked_at.label("gone"))
        query = query.join(parent, parent.c.id == k.c.parent_id)
        with self.database.reading() as connection:
            rows = connection.execute(query.where(k.c.account_id == self.world.account_id)).all()
        for row in rows:
            assert row.gone is None or row.revoked_at is not None
            assert row.end is None or (row.expires_at is not None and row.expires_at <= row.end)
        ran["children"] += len(rows)

    # --- what is there --------------------------------------------------------------------

    def attempt(self, by: int, command: Command[Any]) -> Any:
        ran["calls"] += 1
        live = self.live()
        if not live:
            return None
        try:
            result = execute(self.world.system, live[-1 - by % len(live)], command)
        except Refusal:
            return None
        ran["accepted"] += 1
        return result

    def live(self) -> list[Principal]:
        """The attacker's credentials, but for those that have ended."""
        k, u = t.api_tokens, t.users
        with self.database.reading() as connection:
            tokens = connection.execute(sa.select(k.c.id).where(k.c.revoked_at.is_(None)))
            unrevoked = set(tokens.scalars())
            active = set(connection.execute(sa.select(u.c.id).where(u.c.active)).scalars())
        return [
            one
            for one in self.credentials
            if one.user_id in active and (one.token_id is None or one.token_id in unrevoked)
        ]

    def named(self, roles: list[int]) -> tuple[str, ...]:
        return tuple({self.roles[-1 - role % len(self.roles)] for role in roles})

    def one(self, user: int) -> UUID:
        return self.users[-1 - user % len(self.users)]

    def proved(self, token: NewToken) -> Principal:
        with self.database.reading() as connection:
            now = self.world.clock.instant
            principal = principal_of_token(connection, token.secret, now)
        assert principal is not None
        return principal

    def held(self) -> dict[UUID, frozenset[Permission]]:
        """What everybody holds who is active."""
        u = t.users
        query = sa.select(u.c.id, u.c.active).where(u.c.account_id == self.world.account_id)
        with self.database.reading() as connection:
            users = {row.id: row.active for row in connection.execute(query)}
            found = loading.load_permissions_of(connection, users)
        nothing = frozenset[Permission]()
        return {
            id_: found.get(id_, nothing) if active else nothing for id_, active in users.items()
        }

    def placed(self) -> set[tuple[UUID, UUID]]:
        m = t.team_members
        own = t.teams.c.account_id == self.world.account_id
        query = sa.select(m.c.user_id, m.c.team_id).join(t.teams).where(own)
        with self.database.reading() as connection:
            return {(row.user_id, row.team_id) for row in connection.execute(query)}

    def mappings(self) -> set[UUID]:
        k = t.keypair_users
        query = sa.select(k.c.user_id).where(k.c.keypair_id == self.world.things["vault"])
        with self.database.reading() as connection:
            return set(connection.execute(query).scalars())


@POSTGRESQL_IS_LONG
@STATE_MACHINE_TIMEOUT
def test_nothing_reaches_further_than_what_it_began_with(
    database: Database, request: pytest.FixtureRequest
) -> None:
    ran.clear()
    run_state_machine(Escalation, database, examples=EXAMPLES, steps=STEPS)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    report(request, f"escalation on {kind}: {dict(ran)}")
    # The attempts are not all in vain, or nothing would be shown.
    assert ran["examples"] >= EXAMPLES
    assert ran["accepted"] > EXAMPLES
