"""Who can approve a release now: asked of the machine, which decides the act too. Pure."""

from dataclasses import replace
from uuid import UUID

from engine.lifecycle import machine
from engine.model.facts import Actor, Facts
from engine.model.vocabulary import Permission, Status, Trigger

_APPROVING = frozenset({Permission.APPROVE_RELEASE})


def able_to_approve(facts: Facts) -> frozenset[UUID]:
    """Whose approval of the release as it stands would not be refused.

    Args:
        facts: Of a release, with what the rules of creation look at; whoever they are for.
    """
    if facts.status is not Status.PENDING:
        return frozenset()
    looked = replace(facts, seen_revision=facts.subject.revision, reason=None)
    return frozenset(
        user_id
        for user_id in facts.approver_ids
        if machine.refusal_of(Trigger.APPROVE, replace(looked, actor=_approver(user_id))) is None
    )


def _approver(user_id: UUID) -> Actor:
    """An approver whose credential reaches as far as approving."""
    return Actor(user_id=user_id, permissions=_APPROVING)
