"""Count approvals: whose votes count, and whether they meet the quorum (spec section 3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from engine.model.facts import AccountSettings, Facts, Release, Vote
from engine.model.vocabulary import Status, Verdict


@dataclass(frozen=True, slots=True)
class Resolution:
    """How many approvals are required, and how many were received."""

    required: int
    received: int

    @property
    def remaining(self) -> int:
        """How many approvals are still missing; never negative."""
        return max(0, self.required - self.received)

    @property
    def is_met(self) -> bool:
        """Whether the quorum is met."""
        return self.remaining == 0


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many approvals a team requires, and how many of its members could give one."""

    required: int
    possible: int

    @property
    def can_be_met(self) -> bool:
        """Whether no more approvals are required than could be given (spec section 2, `Team`)."""
        return self.required <= self.possible

    def is_worse_than(self, other: Quorum) -> bool:
        """Whether more approvals are required than in the other, or fewer could be given."""
        return self.required > other.required or self.possible < other.possible


def resolve(
    required: int, votes: tuple[Vote, ...], eligible: frozenset[UUID], material_revision: int
) -> Resolution:
    """Count the approvals of this material revision by people who are still eligible."""
    approving = {
        vote.approver_id
        for vote in votes
        if vote.verdict is Verdict.APPROVE and vote.material_revision == material_revision
    }
    return Resolution(required, len(approving & eligible))


def resolve_as_it_stands(facts: Facts, *further: Vote) -> Resolution:
    """Return the resolution by the votes that are stored, and by further ones."""
    release = facts.subject
    return resolve(
        release.required_approvals,
        (*facts.votes, *further),
        counting(facts),
        release.material_revision,
    )


def resolve_with_actor(facts: Facts) -> Resolution:
    """Return the resolution as if the actor approved too."""
    assert facts.actor.user_id is not None
    own = Vote(
        approver_id=facts.actor.user_id,
        verdict=Verdict.APPROVE,
        material_revision=facts.subject.material_revision,
    )
    return resolve_as_it_stands(facts, own)


def has_voted(facts: Facts) -> bool:
    """Whether the actor has decided on this material revision."""
    return any(
        vote.approver_id == facts.actor.user_id
        and vote.material_revision == facts.subject.material_revision
        for vote in facts.votes
    )


def authors(facts: Facts) -> frozenset[UUID]:
    """Return its authors: the creator, and who made a material edit since the round began."""
    return facts.editor_ids | {facts.subject.creator_id}


def entitled(
    settings: AccountSettings, eligible: frozenset[UUID], authors: frozenset[UUID | None]
) -> frozenset[UUID]:
    """Return whose approvals count: eligible users, without its authors unless self-approval is on.

    An author may have approved while that was allowed (spec section 3, "Approvers").
    """
    return eligible if settings.allow_self_approval else eligible - authors


def counting(facts: Facts) -> frozenset[UUID]:
    """Return the users whose approvals count now."""
    return entitled(facts.settings, facts.approver_ids, authors(facts))


def can_be_met(release: Release, entitled: frozenset[UUID]) -> bool:
    """Return whether enough people could still give the approvals that a pending release requires.

    Args:
        release: As it stands.
        entitled: Whose approvals would count now.
    """
    return release.status is not Status.PENDING or len(entitled) >= release.required_approvals


def progress(
    release: Release, verdicts: Mapping[UUID, Verdict], entitled: frozenset[UUID]
) -> Resolution:
    """Return the resolution by each approver's verdict; while pending, of those that count."""
    approving = {who for who, verdict in verdicts.items() if verdict is Verdict.APPROVE}
    counted = approving & entitled if release.status is Status.PENDING else approving
    return Resolution(release.required_approvals, len(counted))


def possible_approvers(facts: Facts) -> frozenset[UUID]:
    """Return the users who could approve the proposed fields."""
    involved = facts.editor_ids | {facts.actor.user_id}
    if facts.release is not None:
        involved |= {facts.release.creator_id}
    return entitled(facts.settings, facts.draft_approver_ids, involved)


def required_by_settings(facts: Facts) -> int:
    """Return how many approvals a round that begins now requires."""
    if facts.team is not None:
        return facts.team.required_approvals
    return facts.settings.required_approvals
