"""Facts to decide on without a database: a release, the people around it, and an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.model.facts import (
    AccountSettings,
    Actor,
    Facts,
    Keypair,
    Release,
    ReleaseFields,
    Team,
    Vote,
)
from engine.model.origins import IssuerKind, Origin, PipelineCredential
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    KeypairState,
    Permission,
    ReleaseType,
    Status,
    Verdict,
)

NOON = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

CREATOR, ANN, BOB, MEMBER, STRANGER = (UUID(int=number) for number in range(1, 6))
BLUE, RED = UUID(int=11), UUID(int=12)
RELEASE, OTHER_RELEASE = UUID(int=21), UUID(int=22)
VAULT, SPARE = UUID(int=31), UUID(int=32)
ACCOUNT = UUID(int=41)

APPROVERS = frozenset({ANN, BOB})
_TEAM_OF_BLUE = APPROVERS | {CREATOR, MEMBER}
_ENDS = {Status.COMPLETED, Status.FAILED, Status.REJECTED}


def actor(user_id: UUID, **changes: Any) -> Actor:
    """Everybody may request and view; ann and bob approve; all but the stranger are in blue."""
    held = {Permission.REQUEST_RELEASE, Permission.VIEW_RELEASES}
    if user_id in APPROVERS:
        held.add(Permission.APPROVE_RELEASE)
    values: dict[str, Any] = {
        "user_id": user_id,
        "name": "somebody",
        "permissions": frozenset(held),
        "team_ids": frozenset({BLUE} if user_id in _TEAM_OF_BLUE else ()),
    }
    return Actor(**(values | changes))


def pipeline(*keypair_ids: UUID, **claims: str) -> PipelineCredential:
    """The credential of a pipeline whose rule names these keypairs."""
    issuer = "https://ci.example.com"
    return PipelineCredential(
        rule_id=UUID(int=51),
        keypair_ids=frozenset(keypair_ids),
        origin=Origin.of(IssuerKind.GITHUB_ACTIONS, issuer, claims),
        claims=claims,
    )


def keypair(type_: ReleaseType = ReleaseType.OFFLINE, **changes: Any) -> Keypair:
    """The vault: enabled, open, granted to blue."""
    values: dict[str, Any] = {
        "id": VAULT,
        "alias": "vault",
        "category": KeypairCategory.STANDARD,
        "type": type_,
        "access": KeypairAccess.OPEN,
        "state": KeypairState.ENABLED,
        "has_default_certificate": True,
        "team_ids": frozenset({BLUE}),
    }
    return Keypair(**(values | changes))


def fields(type_: ReleaseType = ReleaseType.OFFLINE, **changes: Any) -> ReleaseFields:
    """A release of blue with the vault, from one o'clock to three."""
    values: dict[str, Any] = {
        "name": "Falcon 1.0",
        "version": "1.0",
        "note": None,
        "category": KeypairCategory.STANDARD,
        "type": type_,
        "team_id": BLUE,
        "participant_ids": frozenset(),
        "with_default_certificate": False,
        "keypair_ids": frozenset({VAULT}),
        "starts_at": NOON + HOUR,
        "ends_at": NOON + 3 * HOUR,
        "max_signatures": 10,
    }
    return ReleaseFields(**(values | changes))


def release(status: Status, type_: ReleaseType = ReleaseType.OFFLINE, **changes: Any) -> Release:
    """As its creator requested it, at revision 3; once opened or ended, it began at eleven."""
    begun = {"starts_at": NOON - HOUR} if status is Status.IN_PROGRESS or status in _ENDS else {}
    values: dict[str, Any] = {
        "id": RELEASE,
        "account_id": ACCOUNT,
        "fields": fields(type_, **begun),
        "status": status,
        "status_since": NOON - 2 * HOUR,
        "creator_id": CREATOR,
        "created_at": NOON - 2 * HOUR,
        "revision": 3,
        "material_revision": 2,
        "required_approvals": 2,
        "round_revision": 1,
    }
    return Release(**(values | changes))


def account_settings(**changes: Any) -> AccountSettings:
    """Teams on, and everything else as an account starts with."""
    return AccountSettings(account_id=ACCOUNT, account_name="Acme", **changes)


def facts(
    status: Status | None,
    type_: ReleaseType = ReleaseType.OFFLINE,
    who: UUID = CREATOR,
    **changes: Any,
) -> Facts:
    """At noon, somebody looks at a release in this status, or (None) asks for one."""
    team = Team(id=BLUE, name="blue", required_approvals=2, member_ids=frozenset(_TEAM_OF_BLUE))
    values: dict[str, Any] = {
        "now": NOON,
        "settings": account_settings(),
        "actor": actor(who),
        "release": None if status is None else release(status, type_),
        "proposed": fields(type_) if status is None else None,
        "seen_revision": None if status is None else 3,
        "keypairs": (keypair(type_),),
        "team": team,
        "approver_ids": APPROVERS,
        "draft_approver_ids": APPROVERS,
    }
    return Facts(**(values | changes))


def drafting(given: Facts, **changes: Any) -> Facts:
    """The same, with these fields asked for."""
    return replace(given, proposed=replace(given.draft, **changes))


def ruled(given: Facts, **settings: Any) -> Facts:
    """The same, in an account with these settings."""
    return replace(given, settings=replace(given.settings, **settings))


def teams_off(given: Facts) -> Facts:
    """The same with Teams off: the members take part by name."""
    given = ruled(given, teams_enabled=False, required_approvals=2)
    named: dict[str, Any] = {"team_id": None, "participant_ids": frozenset({CREATOR, MEMBER})}
    if given.release is not None:
        before = replace(given.release.fields, **named)
        given = replace(given, release=replace(given.release, fields=before))
    if given.proposed is not None:
        given = replace(given, proposed=replace(given.proposed, **named))
    return replace(given, team=None, actor=replace(given.actor, team_ids=frozenset()))


def vote(approver_id: UUID, verdict: Verdict = Verdict.APPROVE, material_revision: int = 2) -> Vote:
    """A decision on the release as it stands."""
    return Vote(approver_id=approver_id, verdict=verdict, material_revision=material_revision)
