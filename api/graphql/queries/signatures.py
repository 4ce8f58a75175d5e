"""Signatures by what was signed, with which keypair, by whom, when and in which release."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.resolvers import run_query
from api.graphql.scalars import Base64
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.history import Signature
from api.graphql.types.node import Connection, Edge, connect
from engine.persistence.db.pagination import PageArgs
from engine.queries import signatures as queries


@strawberry.input(description="Conditions on signatures, all of which must hold.")
class SignatureFilter:
    digest: Base64 | None = strawberry.field(
        default=None, description="This is the digest that was signed, or that of the artifact."
    )
    artifact_name: str | None = strawberry.field(
        default=None, description="This is the exact name of the artifact."
    )
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None, description="The signature was made with this keypair."
    )
    signer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The signature was requested by this user."
    )
    release_id: strawberry.ID | None = strawberry.field(
        default=None, description="The signature counts toward this release."
    )
    since: datetime | None = strawberry.field(
        default=None, description="The signature was made at this time or later."
    )
    until: datetime | None = strawberry.field(
        default=None, description="The signature was made before this time."
    )

    def to_filter(self) -> queries.SignatureFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        keypair, signer, release = self.keypair_id, self.signer_id, self.release_id
        return queries.SignatureFilter(
            digest=self.digest,
            artifact_name=self.artifact_name,
            keypair_id=from_global(keypair, "Keypair", "filter", "keypairId") if keypair else None,
            signer_id=from_global(signer, "User", "filter", "signerId") if signer else None,
            release_id=from_global(release, "Release", "filter", "releaseId") if release else None,
            since=self.since,
            until=self.until,
        )


@strawberry.type
class SignatureQueries:
    @strawberry.field(
        description="Returns signatures, newest first: the caller's own, those of releases that the"
        " caller may see, and with VIEW_LEDGER or MANAGE_KEYPAIRS all of the account."
    )
    async def signatures(
        self,
        info: Info,
        filter: SignatureFilter | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Signature]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _signatures, filter or SignatureFilter(), args)


def _signatures(
    cache: EntityCache, selection: Selection, filter: SignatureFilter, args: PageArgs
) -> Connection[Signature]:
    conditions = filter.to_filter()
    page = queries.find(cache.reading, conditions, args)
    total = queries.count(cache.reading, conditions) if "totalCount" in selection else None
    items = [Signature.of(row) for row in page.items]
    return connect(Connection[Signature], Edge[Signature], items, page, total)
