"""The objects of one operation: each is read once and built once, however often it is met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from api.graphql.types.api_token import ApiToken
from api.graphql.types.certificate import Certificate
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Role, Team, User
from api.graphql.types.pipeline import PipelineRule, TrustedIssuer
from api.graphql.types.release import Release
from api.graphql.types.sign_in import Identity, Session
from engine.model import facts
from engine.queries import records, releases
from engine.queries.context import QueryContext
from engine.queries.records import Record, RecordKind

EntityT = TypeVar("EntityT")


@dataclass
class EntityCache:
    """Objects by their id, read in one transaction."""

    reading: QueryContext
    #: By the name of their type, then by their id.
    _entities: dict[str, dict[UUID, Any]] = field(default_factory=lambda: defaultdict(dict))

    def users(self, ids: Collection[UUID]) -> dict[UUID, User]:
        """Return users of the account."""
        return self._records(User, RecordKind.USER, ids)

    def teams(self, ids: Collection[UUID]) -> dict[UUID, Team]:
        """Return teams of the account."""
        return self._records(Team, RecordKind.TEAM, ids)

    def keypairs(self, ids: Collection[UUID]) -> dict[UUID, Keypair]:
        """Return keypairs of the account."""
        return self._records(Keypair, RecordKind.KEYPAIR, ids)

    def certificates(self, ids: Collection[UUID]) -> dict[UUID, Certificate]:
        """Return certificates of the account's keypairs, removed ones too."""
        return self._records(Certificate, RecordKind.CERTIFICATE, ids)

    def roles(self, ids: Collection[UUID]) -> dict[UUID, Role]:
        """Return roles of the account."""
        return self._records(Role, RecordKind.ROLE, ids)

    def tokens(self, ids: Collection[UUID]) -> dict[UUID, ApiToken]:
        """Return API tokens of the account."""
        return self._records(ApiToken, RecordKind.API_TOKEN, ids)

    def sessions(self, ids: Collection[UUID]) -> dict[UUID, Session]:
        """Return browser sessions of the account."""
        return self._records(Session, RecordKind.SESSION, ids)

    def identities(self, ids: Collection[UUID]) -> dict[UUID, Identity]:
        """Return identities of the account's users at a sign-in service."""
        return self._records(Identity, RecordKind.IDENTITY, ids)

    def trusted_issuers(self, ids: Collection[UUID]) -> dict[UUID, TrustedIssuer]:
        """Return issuers that the account trusts."""
        return self._records(TrustedIssuer, RecordKind.TRUSTED_ISSUER, ids)

    def pipeline_rules(self, ids: Collection[UUID]) -> dict[UUID, PipelineRule]:
        """Return the account's rules about pipelines."""
        return self._records(PipelineRule, RecordKind.PIPELINE_RULE, ids)

    def releases(self, ids: Collection[UUID]) -> dict[UUID, Release]:
        """Return the releases that the viewer may see, as of now; others are left out."""
        return self._get(
            "Release",
            ids,
            lambda missing: {
                id_: Release.of(release)
                for id_, release in releases.by_ids(self.reading, missing).items()
            },
        )

    def put_releases(self, rows: Iterable[facts.Release]) -> list[Release]:
        """Return the objects of releases that a query returned, in its order."""
        known = self._entities["Release"]
        return [known.setdefault(release.id, Release.of(release)) for release in rows]

    def put_records(self, type_: type[EntityT], rows: Iterable[Record]) -> list[EntityT]:
        """Return the objects of records that a query returned, in its order."""
        known: dict[UUID, EntityT] = self._entities[type_.__name__]
        of: Callable[[Record], EntityT] = type_.of  # type: ignore[attr-defined]
        return [known.setdefault(row.id, of(row)) for row in rows]

    def _records(
        self, type_: type[EntityT], kind: RecordKind, ids: Collection[UUID]
    ) -> dict[UUID, EntityT]:
        return self._get(
            type_.__name__,
            ids,
            lambda missing: {
                id_: type_.of(row)  # type: ignore[attr-defined]
                for id_, row in records.by_ids(self.reading, kind, missing).items()
            },
        )

    def _get(
        self,
        name: str,
        ids: Collection[UUID],
        fetch: Callable[[set[UUID]], dict[UUID, EntityT]],
    ) -> dict[UUID, EntityT]:
        known = self._entities[name]
        missing = {id_ for id_ in ids if id_ not in known}
        if missing:
            known.update(fetch(missing))
        return {id_: entity for id_ in ids if (entity := known.get(id_)) is not None}
