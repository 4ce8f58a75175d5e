"""Keypairs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.enums import (
    KeypairAccess,
    KeypairAlgorithm,
    KeypairCategory,
    ReleaseType,
)
from api.graphql.types.node import Node
from api.graphql.types.people import Team, User
from engine.queries.records import Record

if TYPE_CHECKING:
    from api.graphql.types.release import Release


@strawberry.type(
    description="A keypair that can make signatures; its private key never leaves its signer."
)
class Keypair(Node):
    source: strawberry.Private[Record]
    alias: str = strawberry.field(
        description="The name of the keypair, unique in the account without regard to letter case."
    )
    category: KeypairCategory = strawberry.field(
        description="The kind of signatures that the keypair makes."
    )
    type: ReleaseType = strawberry.field(
        description="The type of release that can hold the keypair."
    )
    access: KeypairAccess = strawberry.field(
        description="The rule that decides which users may use the keypair."
    )
    algorithm: KeypairAlgorithm = strawberry.field(
        description="The key type and the signature scheme of the keypair."
    )
    has_default_certificate: bool = strawberry.field(
        description="Whether the keypair has a default certificate."
    )
    enabled: bool = strawberry.field(
        description="Whether the keypair is enabled; a disabled keypair makes no signatures."
    )
    backend: str = strawberry.field(
        description="The name of the signer that holds the private key."
    )
    public_key_pem: str = strawberry.field(
        description="The public key as SubjectPublicKeyInfo in PEM, or as an armored public"
        " key for OpenPGP."
    )
    created_at: datetime = strawberry.field(
        description="The time at which the keypair was created."
    )
    users: list[User] = strawberry.field(
        default_factory=list,
        description="The users who may use the keypair while it is restricted.",
    )
    teams: list[Team] = strawberry.field(
        default_factory=list, description="The teams that the keypair was granted to."
    )
    held_by: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None,
            description="The open release that holds the keypair, if the caller may see that"
            " release.",
        )
    )

    @classmethod
    def of(cls, row: Record) -> Keypair:
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
