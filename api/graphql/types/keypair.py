"""Keypairs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, ByTime, First, Last
from api.graphql.types.certificate import Certificate
from api.graphql.types.enums import (
    Direction,
    KeypairAccess,
    KeypairCategory,
    KeypairState,
    ReleaseType,
)
from api.graphql.types.filters import SignatureFilter, conditions_of
from api.graphql.types.node import Connection, Node
from api.graphql.types.openpgp import OpenPgp
from api.graphql.types.people import Team, User
from api.graphql.types.public_key import PublicKey
from api.graphql.types.signature_enums import KeypairAlgorithm
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.queries.records import Record
from engine.signers import public_keys

if TYPE_CHECKING:
    from api.graphql.types.release import Release
    from api.graphql.types.signature import Signature


@strawberry.type(
    description="A keypair that can make signatures; its private key never leaves its signer."
)
class Keypair(Node):
    source: strawberry.Private[Record]
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]
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
        description="Whether one of the keypair's certificates is its default and has not expired;"
        " or whether that was declared when there were no certificates."
    )
    enabled: bool = strawberry.field(
        description="Whether the keypair is enabled; a disabled or retired keypair makes no"
        " signatures."
    )
    state: KeypairState = strawberry.field(
        description="Whether the keypair is enabled, disabled for a time, or retired for good."
    )
    retired_at: datetime | None = strawberry.field(
        description="The time at which the keypair was retired, or null if it was not."
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
    default_certificate: Certificate | None = strawberry.field(
        default=None,
        description="The default X.509 certificate of the keypair, or null if there is none that"
        " has not expired.",
    )
    predecessor: Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")] | None = (
        strawberry.field(
            default=None,
            description="The keypair that this one was created as the successor of, or null if"
            " it was not created so.",
        )
    )
    successor: Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")] | None = (
        strawberry.field(
            default=None,
            description="The keypair that was created as the successor of this one, or null if"
            " there is none.",
        )
    )
    users: list[User] = strawberry.field(
        default_factory=list,
        description="The users who may use the keypair while it is restricted.",
        deprecation_reason="Select `usersConnection`, which has pages and a count.",
    )
    teams: list[Team] = strawberry.field(
        default_factory=list,
        description="The teams that the keypair was granted to.",
        deprecation_reason="Select `teamsConnection`, which has pages and a count.",
    )
    held_by: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None,
            description="The open release that holds the keypair, if the caller may see that"
            " release.",
        )
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the keypair now, with the reason why"
        " others would be refused.",
    )

    @strawberry.field(
        description="The users who may use the keypair while it is restricted, sorted by name."
    )
    def users_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[User]:
        page: Connection[User] = self.pages["usersConnection", first, after, last, before]
        return page

    @strawberry.field(description="The teams that the keypair was granted to, sorted by name.")
    def teams_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Team]:
        page: Connection[Team] = self.pages["teamsConnection", first, after, last, before]
        return page

    @strawberry.field(
        description="The certificates of the keypair, those that expire soonest first."
    )
    def certificates(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Certificate]:
        page: Connection[Certificate] = self.pages["certificates", first, after, last, before]
        return page

    @strawberry.field(
        description="The public key in the forms that programs ask for, with its fingerprints."
    )
    def public_key(self) -> PublicKey:
        row = self.source
        return PublicKey(
            source=public_keys.PublicKey(
                row.algorithm, row.public_key, row.alias, row.openpgp_certificate
            )
        )

    @strawberry.field(
        description="What is needed to put OpenPGP signatures together, or null if the keypair is"
        " not of the category GPG."
    )
    def openpgp(self) -> OpenPgp | None:
        return OpenPgp.of(self.source)

    @strawberry.field(
        description="The signatures that were made with the keypair and that the caller may"
        " see, newest first unless another direction is given."
    )
    def signatures(
        self,
        filter: SignatureFilter | None = None,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Signature, strawberry.lazy("api.graphql.types.signature")]]:
        key = ("signatures", first, after, last, before, conditions_of(filter), direction)
        page: Connection[Signature] = self.pages[key]
        return page

    @classmethod
    def of(cls, row: Record) -> Keypair:
        """A keypair from its row."""
        state = KeypairState.of(enabled=row.enabled, retired_at=row.retired_at)
        return cls(
            id=strawberry.ID(to_global("Keypair", row.id)),
            source=row,
            pages={},
            alias=row.alias,
            category=row.category,
            type=row.type,
            access=row.access,
            algorithm=row.algorithm,
            has_default_certificate=row.has_default_certificate,
            enabled=state is KeypairState.ENABLED,
            state=state,
            retired_at=row.retired_at,
            backend=row.backend,
            public_key_pem=row.openpgp_certificate or row.public_key,
            created_at=row.created_at,
        )
