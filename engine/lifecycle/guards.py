"""Who may act, and on which revision. Pure named guards: facts in, None or the refusal out.

A guard never does I/O and never asks the clock; `facts.now` is the instant of the decision.
What a release must be like is in `requirements`, which table row applies in `conditions`.
"""

from collections.abc import Callable

from engine.lifecycle import approvals, edit_rules
from engine.model import text, visibility
from engine.model.errors import Code, FieldsLocked, Refusal, RevisionConflict, not_found
from engine.model.facts import Facts
from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission, ReleaseType
from engine.model.wording import DECIDED_ALREADY, STATUS_PHRASES

Guard = Callable[[Facts], Refusal | None]


def sees_release(facts: Facts) -> Refusal | None:
    """A release that the actor may not see does not exist for them (spec section 2)."""
    seen = visibility.sees(facts.settings, facts.actor, facts.subject)
    return None if seen else not_found("release")


def may_request(facts: Facts) -> Refusal | None:
    """Every request, and every edit, needs `REQUEST_RELEASE` (spec sections 3 and 4)."""
    return missing_permission(facts.actor, Permission.REQUEST_RELEASE)


def may_edit(facts: Facts) -> Refusal | None:
    """Approvers edit by their approval permission, all others by `REQUEST_RELEASE`.

    A pipeline edits releases of those keypairs alone that its rule names.
    """
    if facts.is_approver:
        return None
    if not facts.covers_keypairs:
        message = "The pipeline's rule does not name every keypair of the release. Edit another."
        return Refusal(Code.KEYPAIR_NOT_ALLOWED, message, "keypair_ids")
    return may_request(facts)


def pipeline_keeps_origin_condition(facts: Facts) -> Refusal | None:
    """Which pipelines may sign is for people to loosen: no pipeline lets in others, or itself."""
    if facts.actor.pipeline is None or not edit_rules.loosens_origin_condition(facts):
        return None
    message = "A pipeline cannot loosen the origin condition. A person has to edit the release."
    return Refusal(Code.FORBIDDEN, message, "origin_condition")


def is_on_the_team(facts: Facts) -> Refusal | None:
    """With Teams on, the actor requests for a team of their own, unless they see every release."""
    team = facts.team
    own = visibility.teams_to_request_for(facts.settings, facts.actor)
    if team is None or own is None or team.id in own:
        return None
    if facts.release is not None and "team_id" not in facts.changes:
        return None
    return Refusal(
        Code.FORBIDDEN,
        f"You are not in the team {team.name}. Ask one of its members to request it.",
        "team_id",
    )


def is_eligible_approver(facts: Facts) -> Refusal | None:
    """Whoever decides is an approver at that moment (spec section 3, "Approvers")."""
    if facts.actor.user_id not in facts.approver_ids:
        return Refusal(
            Code.NOT_AN_APPROVER,
            "You are not an approver of this release. Its approvers hold Approve release"
            + (" and are members of its team." if facts.settings.teams_enabled else "."),
        )
    return missing_permission(facts.actor, Permission.APPROVE_RELEASE)


def is_not_own_request(facts: Facts) -> Refusal | None:
    """Nobody approves what they asked for or edited, unless self-approval is on."""
    own = facts.actor.user_id in approvals.authors(facts)
    if not own or facts.settings.allow_self_approval:
        return None
    return Refusal(
        Code.OWN_REQUEST,
        "You requested or edited this release yourself. Another approver has to approve it.",
    )


def has_not_decided(facts: Facts) -> Refusal | None:
    """One decision for each approver and material revision."""
    if not approvals.has_voted(facts):
        return None
    return Refusal(Code.ALREADY_DECIDED, DECIDED_ALREADY)


def saw_material_revision(facts: Facts) -> Refusal | None:
    """A decision holds for `material_revision` <= the revision looked at <= `revision`."""
    release, seen = facts.subject, facts.seen_revision
    if seen is not None and release.material_revision <= seen <= release.revision:
        return None
    return RevisionConflict(
        f"The release was changed since: it is at revision {release.revision} now."
        " Look at it again and decide on that.",
        release.id,
    )


def requester_or_approver(facts: Facts) -> Refusal | None:
    """Only the requester or an approver withdraws a release, or closes it early."""
    if facts.is_creator or facts.is_approver:
        return None
    return Refusal(
        Code.FORBIDDEN,
        "Only its requester or one of its approvers can do this. Ask one of them.",
    )


def may_stop(facts: Facts) -> Refusal | None:
    """An approver may stop a release; its creator too, where it is online or test."""
    if facts.is_approver:
        return None
    if facts.is_creator and facts.subject.fields.type is not ReleaseType.OFFLINE:
        return None
    return Refusal(
        Code.FORBIDDEN,
        "Only an approver can stop this release. Ask one, or disable its keypair.",
    )


def gives_a_reason(facts: Facts) -> Refusal | None:
    """A stop has a reason, which everyone concerned is sent."""
    if text.is_blank(facts.reason):
        return Refusal(Code.INVALID_INPUT, "Say why, in a few words.", "reason")
    return None


def rejection_gives_a_reason(facts: Facts) -> Refusal | None:
    """A rejection has a reason, for it ends somebody else's request (spec section 3, reject)."""
    if text.is_blank(facts.reason):
        return Refusal(Code.INVALID_INPUT, "Say why you reject it, in a few words.", "comment")
    return None


def comment_is_clean(facts: Facts) -> Refusal | None:
    """A decision's comment goes into mails and the ledger."""
    return text.check_text(facts.reason, "comment", "comment")


def reason_is_clean(facts: Facts) -> Refusal | None:
    """Reasons go into mails and the ledger."""
    return text.check_text(facts.reason, "reason", "reason")


def edits_latest_revision(facts: Facts) -> Refusal | None:
    """An edit names the revision it was based on; a stale one overwrites nothing."""
    release = facts.subject
    if facts.seen_revision == release.revision:
        return None
    return RevisionConflict(
        f"The release is at revision {release.revision} now. Read it again and repeat the edit.",
        release.id,
    )


def fields_are_editable(facts: Facts) -> Refusal | None:
    """The table of spec section 4; names every locked field the edit touches."""
    locked = sorted(facts.changes - edit_rules.editable(facts))
    if not locked:
        return None
    return FieldsLocked(f"The release {STATUS_PHRASES[facts.subject.status]}", locked)


def approver_edits_approved(facts: Facts) -> Refusal | None:
    """With `reapprove_on_edit` off only approvers make material edits of an approved release."""
    if facts.is_approver or facts.settings.reapprove_on_edit:
        return None
    return Refusal(
        Code.NOT_AN_APPROVER,
        "An approved release is changed by its approvers only. Ask one of them to make the edit.",
    )
