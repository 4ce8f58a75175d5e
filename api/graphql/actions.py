"""`availableActions`: the decisions that the commands would take, without any effect."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from api.graphql.errors import UserError
from api.graphql.types.enums import ReleaseAction
from api.graphql.types.release import AvailableAction
from engine.lifecycle import machine
from engine.model.errors import Refusal
from engine.model.facts import Facts, Keypair, Release
from engine.model.signing_factors import SignFacts, evaluate
from engine.model.vocabulary import Trigger
from engine.queries import releases as queries
from engine.queries.context import QueryContext

TRIGGERS = {
    ReleaseAction.APPROVE: Trigger.APPROVE,
    ReleaseAction.REJECT: Trigger.REJECT,
    ReleaseAction.WITHDRAW: Trigger.WITHDRAW,
    ReleaseAction.UPDATE: Trigger.REVISE,
    ReleaseAction.CLOSE: Trigger.CLOSE,
    ReleaseAction.STOP: Trigger.STOP,
}


def available_actions(
    reading: QueryContext, releases: Collection[Release]
) -> dict[UUID, list[AvailableAction]]:
    """Return what the viewer can do with each release now, and why not."""
    facts = queries.facts_of_approval(reading, releases)
    return {
        release.id: [
            *(_release_action(action, facts[release.id]) for action in TRIGGERS),
            _sign_action(reading, release, facts[release.id].keypairs),
        ]
        for release in releases
    }


def _release_action(action: ReleaseAction, facts: Facts) -> AvailableAction:
    release = facts.subject
    # As of a caller who has read the latest revision, changes nothing and gives a reason.
    assumed = replace(
        facts,
        seen_revision=release.revision,
        proposed=release.fields,
        reason="asked",
    )
    return _available_action(action, machine.refusal_of(TRIGGERS[action], assumed))


def _sign_action(
    reading: QueryContext, release: Release, keypairs: tuple[Keypair, ...]
) -> AvailableAction:
    refusals = [
        evaluate(
            SignFacts(
                now=reading.now,
                settings=reading.settings,
                actor=reading.actor,
                keypair=keypair,
                release=None if release.status.is_final else release,
            )
        ).refusal
        for keypair in sorted(keypairs, key=lambda k: k.alias)
    ]
    usable = any(refusal is None for refusal in refusals)
    return _available_action(ReleaseAction.SIGN, None if usable else refusals[0])


def _available_action(action: ReleaseAction, refusal: Refusal | None) -> AvailableAction:
    error = UserError.of(refusal) if refusal is not None else None
    return AvailableAction(action=action, allowed=refusal is None, refusal=error)
