"""A crowd of rows, written straight into the tables: for tests of what many rows do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.vocabulary import (
    Channel,
    KeypairAccess,
    KeypairCategory,
    ReleaseType,
    SignatureState,
    Status,
    Verdict,
)
from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState
from tests.support.world import DIGEST, World

Rows = dict[sa.Table, list[dict[str, Any]]]


class Crowd:
    """`size` releases, each with all that can hang on it; of the rest, one for `each` so many.

    Users are more where `people` is.
    """

    def __init__(
        self,
        world: World,
        size: int,
        *members: str,
        first: int = 0,
        each: int = 10,
        people: int = 0,
    ) -> None:
        self.world = world
        #: Numbers names and positions, so that a second crowd can join a first.
        self.first = first
        #: Of every team, beside a user of the crowd.
        self.members = members
        self.rows: Rows = {}
        self.lead = self._lead()
        few = range(max(1, size // each))
        self.users = [self._user(n) for n in range(max(len(few), people))]
        self.keypairs = [self._keypair(n) for n in few]
        self.teams = [self._team(n) for n in few]
        self.releases = [self._release(n) for n in range(size)]
        self._write()

    def _add(self, table: sa.Table, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def _thing(self, table: sa.Table, label: str, n: int, /, **values: Any) -> UUID:
        id_ = uuid7()
        text = f"{label} {self.first + n:06}"
        key = {label: text, f"{label}_key": text}
        self._add(table, id=id_, account_id=self.world.account_id, **key, **values)
        return id_

    def _user(self, n: int) -> UUID:
        labels = {"name": f"User {n}", "time_zone": "UTC", "locale": "en"}
        state = {"active": True, "service": False, "created_at": self.world.clock.instant}
        id_ = self._thing(t.users, "email", n, **labels, **state)
        self._add(t.user_roles, user_id=id_, role_id=self.lead)
        return id_

    def _lead(self) -> UUID:
        with self.world.system.database.reading() as connection:
            held = sa.select(t.user_roles.c.role_id)
            found = held.where(t.user_roles.c.user_id == self.world.people["ann"])
            return connection.execute(found).scalar_one()  # type: ignore[no-any-return]

    def _keypair(self, n: int) -> UUID:
        id_ = self._thing(
            t.keypairs,
            "alias",
            n,
            category=KeypairCategory.STANDARD,
            type=ReleaseType.OFFLINE,
            access=KeypairAccess.OPEN,
            algorithm=KeypairAlgorithm.ED25519,
            has_default_certificate=False,
            enabled=True,
            backend="local",
            public_key="pem",
            material=b"",
            master_key_id=None,
            created_at=self.world.clock.instant,
        )
        self._add(t.keypair_users, keypair_id=id_, user_id=self.users[n])
        return id_

    def _team(self, n: int) -> UUID:
        values = {"required_approvals": 1, "created_at": self.world.clock.instant}
        id_ = self._thing(t.teams, "name", n, **values)
        for name in self.members:
            self._add(t.team_members, team_id=id_, user_id=self.world.people[name])
        self._add(t.team_members, team_id=id_, user_id=self.users[n])
        self._add(t.team_keypairs, team_id=id_, keypair_id=self.keypairs[n])
        return id_

    def _release(self, n: int) -> UUID:
        id_, now, few = uuid7(), self.world.clock.instant, len(self.teams)
        # The first of each keypair awaits approval and holds it.
        pending = n < few
        self._add(
            t.releases,
            id=id_,
            account_id=self.world.account_id,
            name=f"Release {self.first + n:06}",
            name_key=f"release {self.first + n:06}",
            name_held=pending,
            version="1",
            note=None,
            category=KeypairCategory.STANDARD,
            type=ReleaseType.OFFLINE,
            status=Status.PENDING if pending else Status.FAILED,
            status_since=now,
            team_id=self.teams[n % few],
            with_default_certificate=False,
            starts_at=now + timedelta(hours=1, seconds=n // 3),
            ends_at=now + timedelta(days=2, seconds=n // 7),
            max_signatures=1000,
            signatures_used=2,
            signatures_reserved=0,
            creator_id=self.world.people["dev"],
            created_at=now - timedelta(seconds=n),
            revision=1,
            material_revision=1,
            required_approvals=2,
            round_revision=1,
            opened_at=None,
            ended_at=None if pending else now,
            end_code=None if pending else "STOPPED",
            end_reason=None if pending else "enough",
        )
        self._belongings(id_, n, pending)
        return id_

    def _belongings(self, id_: UUID, n: int, pending: bool) -> None:
        now, few = self.world.clock.instant, len(self.teams)
        user, keypair = self.users[n % few], self.keypairs[n % few]
        self._add(t.release_keypairs, release_id=id_, keypair_id=keypair, held=pending)
        self._add(t.release_participants, release_id=id_, user_id=user)
        self._add(
            t.decisions,
            id=uuid7(),
            release_id=id_,
            approver_id=user,
            verdict=Verdict.APPROVE,
            material_revision=1,
            revision=1,
            comment=None,
            channel=Channel.API,
            decided_at=now,
        )
        for _ in range(2):
            self._signature(id_, user, keypair)
            self._delivery(id_, user)
            self._entry(id_)

    def _signature(self, release: UUID, user: UUID, keypair: UUID) -> None:
        now = self.world.clock.instant
        factor = {"name": "account_not_frozen", "passed": True, "detail": "ok"}
        self._add(
            t.signatures,
            id=uuid7(),
            account_id=self.world.account_id,
            user_id=user,
            keypair_id=keypair,
            release_id=release,
            state=SignatureState.MADE,
            digest=DIGEST,
            digest_algorithm=DigestAlgorithm.SHA256,
            value=b"v",
            factors=canonical([factor | {"code": "SIGNING_FROZEN"}]),
            channel=Channel.API,
            idempotency_key=None,
            reserved_at=now,
            lapses_at=now,
            settled_at=now,
        )

    def _delivery(self, release: UUID, user: UUID) -> None:
        now = self.world.clock.instant
        self._add(
            deliveries,
            id=uuid7(),
            account_id=self.world.account_id,
            user_id=user,
            channel="email",
            kind="REQUEST",
            audiences="APPROVER",
            release_id=release,
            revision=1,
            action_link_id=None,
            facts="{}",
            state=DeliveryState.SENT,
            attempts=1,
            next_attempt_at=now,
            claim_id=None,
            last_error=None,
            created_at=now,
            settled_at=now,
        )

    def _entry(self, release: UUID) -> None:
        now, position = self.world.clock.instant, len(self.rows.get(t.ledger_entries, ()))
        body = {
            "tag": "release:requested",
            "subject": {"kind": "Release", "id": str(release)},
            "actor": {"name": "Dev"},
            "channel": "API",
            "from": None,
            "to": "PENDING",
            "reason": None,
            "details": {},
            "previous": bytes(32),
        }
        self._add(
            t.ledger_entries,
            account_id=self.world.account_id,
            position=1000 + 2 * self.first + position,
            tag="release:requested",
            actor_id=self.world.people["dev"],
            subject_id=release,
            release_id=release,
            effective_at=now,
            recorded_at=now,
            body=canonical(body),
            hash=bytes(32),
        )

    def _write(self) -> None:
        with self.world.system.database.writing() as connection:
            for table in t.metadata.sorted_tables:
                if table in self.rows:
                    connection.execute(table.insert(), self.rows[table])
            connection.commit()
