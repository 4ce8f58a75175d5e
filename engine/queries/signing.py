"""Would a signature be made? The factors, evaluated without signing (spec section 5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from engine.lifecycle.schedule import as_of
from engine.model.claims import Claims
from engine.model.errors import Code, Refusal
from engine.model.facts import Actor, Keypair
from engine.model.principal import Principal
from engine.model.signing_factors import Evaluation, SignFacts, evaluate
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store.reservation_expiry import exclude_overdue
from engine.queries.context import QueryContext


def explain(
    context: QueryContext,
    keypair_id: UUID,
    user_id: UUID | None = None,
    at: datetime | None = None,
    claims: Claims | None = None,
) -> Evaluation:
    """Evaluate the factors; for another user or instant that needs `MANAGE_KEYPAIRS`.

    Args:
        context: The viewer, at the instant of the query.
        keypair_id: The keypair.
        user_id: Who would sign; None: the viewer.
        at: When; None: now.
        claims: Those of a pipeline that would sign; None: those of the viewer's own credential.
    """
    foreign = user_id is not None and user_id != context.actor.user_id
    if (foreign or at is not None) and Permission.MANAGE_KEYPAIRS not in context.actor.permissions:
        message = "You need the permission Manage keypairs to ask about others or other times."
        raise Refusal(Code.FORBIDDEN, message, "user_id" if foreign else "at")
    actor = _other(context, user_id) if foreign and user_id else context.actor
    keypairs = loading.load_keypairs(context.connection, context.account_id, [keypair_id])
    facts = sign_facts(context, actor, keypairs, at or context.now)[keypair_id]
    return evaluate(replace(facts, stated_claims=claims))


def sign_facts(
    context: QueryContext, actor: Actor, keypairs: Collection[Keypair], now: datetime
) -> dict[UUID, SignFacts]:
    """The facts of each keypair as `sign` would see them at that instant, for the viewer to read.

    A constant number of statements, for any number of keypairs.
    """
    held = {keypair.held_by for keypair in keypairs if keypair.held_by is not None}
    stored = loading.load_releases(context.connection, held) if held else {}
    current = [as_of(release, now) for release in stored.values()]
    still_open = [release for release in current if not release.status.is_final]
    releases = {r.id: r for r in exclude_overdue(context.connection, still_open, now)}
    return {
        keypair.id: SignFacts(
            now=now,
            settings=context.settings,
            actor=actor,
            keypair=keypair,
            release=releases.get(keypair.held_by) if keypair.held_by is not None else None,
            viewer=context.actor,
        )
        for keypair in keypairs
    }


def _other(context: QueryContext, user_id: UUID) -> Actor:
    principal = Principal(account_id=context.account_id, user_id=user_id)
    return replace(loading.load_actor(context.connection, principal), channel=context.actor.channel)
