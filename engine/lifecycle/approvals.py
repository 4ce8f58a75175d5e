"""Policy and votes in, resolution out (spec section 3, "Approvers"). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from engine.model.facts import AccountSettings, Facts, Release, Vote
from engine.model.vocabulary import Status, Verdict


@dataclass(frozen=True, slots=True)
class Resolution:
    """How far a round of approval has come."""

    required: int
    received: int

    @property
    def remaining(self) -> int:
        """Approvals still missing, never negative."""
        return max(0, self.required - self.received)

    @property
    def is_met(self) -> bool:
        """The quorum stands."""
        return self.remaining == 0


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many approvals a team asks for, and how many of its members could give one."""

    required: int
    possible: int

    @property
    def can_be_met(self) -> bool:
        """Never more than its possible approvers (spec section 2, `Team`)."""
        return self.required <= self.possible

    def is_worse_than(self, other: Quorum) -> bool:
        """More is asked for, or fewer could give it."""
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
    """The resolution by the votes there are, and by further ones if they are given."""
    release = facts.subject
    return resolve(
        release.required_approvals,
        (*facts.votes, *further),
        counting(facts),
        release.material_revision,
    )


def resolve_with_actor(facts: Facts) -> Resolution:
    """The resolution if the actor approved too."""
    assert facts.actor.user_id is not None
    own = Vote(
        approver_id=facts.actor.user_id,
        verdict=Verdict.APPROVE,
        material_revision=facts.subject.material_revision,
    )
    return resolve_as_it_stands(facts, own)


def has_voted(facts: Facts) -> bool:
    """The actor decided on this material revision already."""
    return any(
        vote.approver_id == facts.actor.user_id
        and vote.material_revision == facts.subject.material_revision
        for vote in facts.votes
    )


def authors(facts: Facts) -> frozenset[UUID]:
    """Whose own request it is: the creator, and who edited it materially since the round began."""
    return facts.editor_ids | {facts.subject.creator_id}


def entitled(
    policy: AccountSettings, eligible: frozenset[UUID], authors: frozenset[UUID | None]
) -> frozenset[UUID]:
    """Whose approvals count: the eligible, less the request's authors unless self-approval is on.

    Somebody may have approved their own while that was allowed (spec section 3, "Approvers").
    """
    return eligible if policy.allow_self_approval else eligible - authors


def counting(facts: Facts) -> frozenset[UUID]:
    """Whose approvals count now."""
    return entitled(facts.policy, facts.approver_ids, authors(facts))


def can_be_met(release: Release, entitled: frozenset[UUID]) -> bool:
    """Enough people could still give the approvals that a pending release asks for.

    Args:
        release: As it stands.
        entitled: Whose approvals would count now.
    """
    return release.status is not Status.PENDING or len(entitled) >= release.required_approvals


def progress(
    release: Release, verdicts: Mapping[UUID, Verdict], entitled: frozenset[UUID]
) -> Resolution:
    """How far it has come by each approver's verdict; while pending only what would count now."""
    approving = {who for who, verdict in verdicts.items() if verdict is Verdict.APPROVE}
    counted = approving & entitled if release.status is Status.PENDING else approving
    return Resolution(release.required_approvals, len(counted))


def possible_approvers(facts: Facts) -> frozenset[UUID]:
    """Who could approve the draft."""
    involved = facts.editor_ids | {facts.actor.user_id}
    if facts.release is not None:
        involved |= {facts.release.creator_id}
    return entitled(facts.policy, facts.draft_approver_ids, involved)


def required_by_policy(facts: Facts) -> int:
    """How many approvals a round beginning now asks for."""
    if facts.team is not None:
        return facts.team.required_approvals
    return facts.policy.required_approvals
