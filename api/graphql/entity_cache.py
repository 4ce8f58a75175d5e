"""One query's things: each is read once and built once, however often the query meets it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from api.graphql.types.keypair import Keypair
from api.graphql.types.people import ApiToken, Role, Team, User
from api.graphql.types.release import Release
from api.graphql.types.sign_in import Identity, Session
from engine.model import facts
from engine.persistence.store import tables as t
from engine.queries import records, releases
from engine.queries.context import QueryContext

Thing = TypeVar("Thing")


@dataclass
class EntityCache:
    """Things by id, over one reading."""

    reading: QueryContext
    _kept: dict[tuple[str, UUID], Any] = field(default_factory=dict)

    def users(self, ids: Collection[UUID]) -> dict[UUID, User]:
        """Users of the account."""
        return self._rows(User, t.users, ids)

    def teams(self, ids: Collection[UUID]) -> dict[UUID, Team]:
        """Teams of the account."""
        return self._rows(Team, t.teams, ids)

    def keypairs(self, ids: Collection[UUID]) -> dict[UUID, Keypair]:
        """Keypairs of the account."""
        return self._rows(Keypair, t.keypairs, ids)

    def roles(self, ids: Collection[UUID]) -> dict[UUID, Role]:
        """Roles of the account."""
        return self._rows(Role, t.roles, ids)

    def tokens(self, ids: Collection[UUID]) -> dict[UUID, ApiToken]:
        """API tokens of the account."""
        return self._rows(ApiToken, t.api_tokens, ids)

    def sessions(self, ids: Collection[UUID]) -> dict[UUID, Session]:
        """Browser sessions of the account."""
        return self._rows(Session, t.sessions, ids)

    def identities(self, ids: Collection[UUID]) -> dict[UUID, Identity]:
        """Identities of the account's users at a sign-in service."""
        return self._rows(Identity, t.identities, ids)

    def releases(self, ids: Collection[UUID]) -> dict[UUID, Release]:
        """Releases the viewer sees, as of now; others are left out."""
        return self._known(
            "Release",
            ids,
            lambda missing: {
                id_: Release.of(found)
                for id_, found in releases.by_ids(self.reading, missing).items()
            },
        )

    def shelve_releases(self, found: Iterable[facts.Release]) -> list[Release]:
        """Releases that a query found, in its order."""
        return [
            self._kept.setdefault(("Release", release.id), Release.of(release)) for release in found
        ]

    def shelve(self, kind: type[Thing], rows: Iterable[sa.Row[Any]]) -> list[Thing]:
        """Rows that a query found, in its order."""
        name = kind.__name__
        made = ((row.id, kind.of(row)) for row in rows)  # type: ignore[attr-defined]
        return [self._kept.setdefault((name, id_), thing) for id_, thing in made]

    def _rows(self, kind: type[Thing], table: sa.Table, ids: Collection[UUID]) -> dict[UUID, Thing]:
        return self._known(
            kind.__name__,
            ids,
            lambda missing: {
                id_: kind.of(row)  # type: ignore[attr-defined]
                for id_, row in records.by_ids(self.reading, table, missing).items()
            },
        )

    def _known(
        self,
        name: str,
        ids: Collection[UUID],
        fetch: Callable[[set[UUID]], dict[UUID, Thing]],
    ) -> dict[UUID, Thing]:
        missing = {id_ for id_ in ids if (name, id_) not in self._kept}
        if missing:
            for id_, thing in fetch(missing).items():
                self._kept[name, id_] = thing
        return {id_: self._kept[name, id_] for id_ in ids if (name, id_) in self._kept}
