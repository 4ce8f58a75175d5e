"""The open releases that hold keypairs, as far as the actor may see them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from engine.lifecycle.keypair_requirements import keypair_in_use
from engine.model.errors import Refusal
from engine.model.facts import Holder, Keypair
from engine.model.visibility import sees
from engine.persistence.store import loading
from engine.persistence.store.constraints import conflicting_keypair, refusal_of
from engine.persistence.store.unit_of_work import UnitOfWork


def holders_of(
    uow: UnitOfWork, keypairs: Collection[Keypair], own_id: UUID | None = None
) -> tuple[Holder, ...]:
    """Return the other releases that hold these keypairs, of those that the actor sees."""
    held = {k.id: k.held_by for k in keypairs if k.held_by is not None and k.held_by != own_id}
    if not held:
        return ()
    releases = uow.get_many(set(held.values()))
    by_keypair = ((keypair_id, releases[release_id]) for keypair_id, release_id in held.items())
    return tuple(
        Holder(keypair_id=keypair_id, name=release.fields.name, ends_at=release.fields.ends_at)
        for keypair_id, release in by_keypair
        if sees(uow.settings, uow.actor, release)
    )


def refusal_of_conflict(uow: UnitOfWork, error: IntegrityError) -> Refusal:
    """Return the refusal of a violated constraint, after the savepoint was rolled back.

    Whoever took a keypair in the meantime has committed that, so it can be named like one that was
    found to be held before.
    """
    refusal, keypair_id = refusal_of(error), conflicting_keypair(error)
    if keypair_id is None:
        return refusal
    (keypair,) = loading.load_keypairs(uow.connection, uow.account_id, [keypair_id])
    holders = holders_of(uow, [keypair])
    return keypair_in_use(keypair.id, keypair.alias, holders[0]) if holders else refusal
