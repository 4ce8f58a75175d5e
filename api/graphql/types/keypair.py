"""Keypairs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Row

from api.graphql.ids import to_global
from api.graphql.types.enums import (
    KeypairAccess,
    KeypairAlgorithm,
    KeypairCategory,
    ReleaseType,
)
from api.graphql.types.node import Node
from api.graphql.types.people import Team, User

if TYPE_CHECKING:
    from api.graphql.types.release import Release


@strawberry.type(description="A keypair. Its private part never leaves its signer.")
class Keypair(Node):
    source: strawberry.Private[Row[Any]]
    alias: str = strawberry.field(description="Unique in the account, letter case aside.")
    category: KeypairCategory = strawberry.field(description="What kind of signatures it makes.")
    type: ReleaseType = strawberry.field(description="Which type of release may hold it.")
    access: KeypairAccess = strawberry.field(description="Who may use it.")
    algorithm: KeypairAlgorithm = strawberry.field(description="What it is and how it signs.")
    has_default_certificate: bool = strawberry.field(description="It has a default certificate.")
    enabled: bool = strawberry.field(description="A disabled keypair signs nothing.")
    backend: str = strawberry.field(description="The signer that holds the private part.")
    public_key_pem: str = strawberry.field(
        description="SubjectPublicKeyInfo in PEM; for OpenPGP the armored public key."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    users: list[User] = strawberry.field(
        default_factory=list, description="Who may use it while it is restricted."
    )
    teams: list[Team] = strawberry.field(default_factory=list, description="Who was granted it.")
    held_by: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None, description="The open release that holds it, if the viewer sees it."
        )
    )

    @classmethod
    def of(cls, row: Row[Any]) -> Keypair:
        """A keypair from its row."""
        return cls(
            id=strawberry.ID(to_global("Keypair", row.id)),
            source=row,
            alias=row.alias,
            category=row.category,
            type=row.type,
            access=row.access,
            algorithm=row.algorithm,
            has_default_certificate=row.has_default_certificate,
            enabled=row.enabled,
            backend=row.backend,
            public_key_pem=row.public_key,
            created_at=row.created_at,
        )
