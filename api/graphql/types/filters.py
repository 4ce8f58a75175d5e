"""The conditions that lists of keypairs, teams, users, ledger entries and signatures take."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.scalars import Base64
from api.graphql.types.enums import KeypairAccess, KeypairCategory, KeypairState, ReleaseType
from api.graphql.types.event_tag import EventTag
from api.graphql.types.filter_values import any_id_value, id_value, id_values, list_value
from engine.queries import history, records, signatures


@strawberry.input(description="Conditions on keypairs, all of which must hold.")
class KeypairFilter:
    type: list[ReleaseType] | None = strawberry.field(
        default=None, description="The keypair's type is one of these."
    )
    category: list[KeypairCategory] | None = strawberry.field(
        default=None, description="The keypair's category is one of these."
    )
    access: list[KeypairAccess] | None = strawberry.field(
        default=None, description="The rule of who may use the keypair is one of these."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None, description="The keypair was granted to this team."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The keypair was granted to at least one of these teams, at most 100.",
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="The keypair was assigned to this user."
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Whether the keypair is enabled or disabled."
    )
    state: list[KeypairState] | None = strawberry.field(
        default=None,
        description="The keypair's state is one of these, such as ENABLED and DISABLED to leave"
        " out those that are retired.",
    )
    openpgp_expiring_before: datetime | None = strawberry.field(
        default=None,
        description="The keypair has an OpenPGP certificate that expires, or has expired, before"
        " this time.",
    )
    held: bool | None = strawberry.field(
        default=None, description="Whether an open release holds the keypair now."
    )
    alias_contains: str | None = strawberry.field(
        default=None, description="The alias contains this text, without regard to letter case."
    )

    def to_filter(self) -> records.KeypairFilter:
        """Return the engine's form; refuses NOT_FOUND for malformed ids, INVALID_INPUT for many."""
        return records.KeypairFilter(
            alias_contains=self.alias_contains,
            types=list_value(self.type, "type"),
            categories=list_value(self.category, "category"),
            accesses=list_value(self.access, "access"),
            enabled=self.enabled,
            states=list_value(self.state, "state"),
            openpgp_expiring_before=self.openpgp_expiring_before,
            held=self.held,
            team_id=id_value(self.team_id, "Team", "teamId"),
            team_ids=id_values(self.team_ids, "Team", "teamIds"),
            user_id=id_value(self.user_id, "User", "userId"),
        )


@strawberry.input(description="Conditions on teams, all of which must hold.")
class TeamFilter:
    name_contains: str | None = strawberry.field(
        default=None, description="The name contains this text, without regard to letter case."
    )
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="This user is a member of the team."
    )
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None, description="This keypair was granted to the team."
    )

    def to_filter(self) -> records.TeamFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        return records.TeamFilter(
            name_contains=self.name_contains,
            member_id=id_value(self.member_id, "User", "memberId"),
            keypair_id=id_value(self.keypair_id, "Keypair", "keypairId"),
        )


@strawberry.input(description="Conditions on users, all of which must hold.")
class UserFilter:
    active: bool | None = strawberry.field(
        default=None, description="Whether the user is active or deactivated."
    )
    service: bool | None = strawberry.field(
        default=None, description="Whether the user is a service user or a person."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None, description="The user is a member of this team."
    )
    role_id: strawberry.ID | None = strawberry.field(
        default=None, description="The user has this role."
    )
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None, description="The user is assigned to this keypair."
    )
    email_contains: str | None = strawberry.field(
        default=None,
        description="The e-mail address contains this text, without regard to letter case.",
    )
    search: str | None = strawberry.field(
        default=None,
        description="The name or the e-mail address contains this text of at most 200 characters,"
        " without regard to letter case.",
    )

    def to_filter(self) -> records.UserFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        return records.UserFilter(
            email_contains=self.email_contains,
            search=self.search,
            active=self.active,
            service=self.service,
            team_id=id_value(self.team_id, "Team", "teamId"),
            role_id=id_value(self.role_id, "Role", "roleId"),
            keypair_id=id_value(self.keypair_id, "Keypair", "keypairId"),
        )


@strawberry.input(description="Conditions on ledger entries, all of which must hold.")
class LedgerFilter:
    tags: list[str] | None = strawberry.field(
        default=None,
        description="The entry's tag is one of these, at most 100, like `release:approved`.",
    )
    events: list[EventTag] | None = strawberry.field(
        default=None, description="The entry records an event of one of these kinds."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        default=None, description="The entry was caused by this user."
    )
    release_id: strawberry.ID | None = strawberry.field(
        default=None, description="The entry is about this release."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The `subjectId` of the entry is this: the id of a release, keypair, user,"
        " team, signature or anything else that entries are about.",
    )
    since: datetime | None = strawberry.field(
        default=None, description="The entry was recorded at this time or later."
    )
    until: datetime | None = strawberry.field(
        default=None, description="The entry was recorded before this time."
    )

    def to_filter(self) -> history.LedgerFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        return history.LedgerFilter(
            tags=list_value(self.tags, "tags"),
            events=list_value(self.events, "events"),
            actor_id=id_value(self.actor_id, "User", "actorId"),
            release_id=id_value(self.release_id, "Release", "releaseId"),
            subject_id=any_id_value(self.subject_id, "subjectId"),
            since=self.since,
            until=self.until,
        )


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

    def to_filter(self) -> signatures.SignatureFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        return signatures.SignatureFilter(
            digest=self.digest,
            artifact_name=self.artifact_name,
            keypair_id=id_value(self.keypair_id, "Keypair", "keypairId"),
            signer_id=id_value(self.signer_id, "User", "signerId"),
            release_id=id_value(self.release_id, "Release", "releaseId"),
            since=self.since,
            until=self.until,
        )


def conditions_of(filter: SignatureFilter | None) -> signatures.SignatureFilter:
    """Return the engine's form of a filter, which is empty where none is given."""
    return signatures.SignatureFilter() if filter is None else filter.to_filter()
