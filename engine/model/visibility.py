"""Who may see a release; for all others it does not exist (spec section 2). Pure.

`queries.visibility` is the same in SQL; a test compares the two.
"""

from uuid import UUID

from engine.model.facts import AccountSettings, Actor, Release
from engine.model.vocabulary import Permission

#: With either, `VIEW_RELEASES` reaches every release of the account.
WIDE = frozenset({Permission.VIEW_LEDGER, Permission.MANAGE_ACCOUNT})
#: The permissions that a user sees more releases with.
WIDENING = WIDE | {Permission.VIEW_RELEASES, Permission.APPROVE_RELEASE}


def sees(settings: AccountSettings, actor: Actor, release: Release) -> bool:
    """Return whether the actor sees a release, as one concerned or by `VIEW_RELEASES`."""
    fields = release.fields
    return (
        actor.user_id == release.creator_id
        or actor.user_id in fields.participant_ids
        # The approvers of a team are among its members.
        or fields.team_id in actor.team_ids
        or (fields.team_id is None and approves_without_team(actor))
        or sees_everything(settings, actor)
    )


def sees_everything(settings: AccountSettings, actor: Actor) -> bool:
    """Return whether the actor sees every release of the account."""
    held = actor.permissions
    return Permission.VIEW_RELEASES in held and (bool(held & WIDE) or not settings.teams_enabled)


def teams_to_request_for(settings: AccountSettings, actor: Actor) -> frozenset[UUID] | None:
    """Return the teams for which the actor may request releases with Teams on; None: every one."""
    return None if sees_everything(settings, actor) else actor.team_ids


def approves_without_team(actor: Actor) -> bool:
    """An approver of what has no team: a person, and a credential that reaches as far."""
    return Permission.APPROVE_RELEASE in actor.permissions and not actor.service
