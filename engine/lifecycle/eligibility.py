"""Who can approve a release now, by the same state machine that decides an approval. Pure."""

from dataclasses import replace
from uuid import UUID

from engine.lifecycle import machine
from engine.model.facts import Actor, Facts
from engine.model.vocabulary import Permission, Status, Trigger

_APPROVING = frozenset({Permission.APPROVE_RELEASE})


def able_to_approve(facts: Facts) -> frozenset[UUID]:
    """Return the users whose approval of the release would not be refused now.

    Args:
        facts: Facts of the release, with what the rules of creation look at, for any actor.
    """
    if facts.status is not Status.PENDING:
        return frozenset()
    current = replace(facts, seen_revision=facts.subject.revision, reason=None)
    return frozenset(
        user_id
        for user_id in facts.approver_ids
        if machine.refusal_of(Trigger.APPROVE, replace(current, actor=_approver(user_id))) is None
    )


def _approver(user_id: UUID) -> Actor:
    """Return an actor who may approve, with a credential that covers it."""
    return Actor(user_id=user_id, permissions=_APPROVING)
