"""Build the facts that guards look at from locked rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.lifecycle.guards import sees_release
from engine.lifecycle.scope_refusals import refusal_by
from engine.model.claims import normalized
from engine.model.errors import Refusal
from engine.model.facts import Facts, Release, ReleaseFields
from engine.model.text import check_name, name_key, normalize, optional_text
from engine.persistence.store import loading
from engine.persistence.store.administration.users import load_participants
from engine.persistence.store.holders import holders_of
from engine.persistence.store.release_facts import assemble, with_creation_facts
from engine.persistence.store.unit_of_work import UnitOfWork


def release_facts(uow: UnitOfWork, release: Release, **further: Any) -> Facts:
    """Return the facts of a stored release; refuses NOT_FOUND where the actor may not see it."""
    known = uow.team_facts([release.fields.team_id])
    seen = assemble(uow.connection, uow.now, uow.settings, uow.actor, [release], known)
    facts = seen[release.id]
    require(sees_release, facts)
    return replace(facts, **further)


def standing_facts(uow: UnitOfWork, release: Release, **further: Any) -> Facts:
    """Return the same with what the rules of creation look at, which an approval applies again."""
    facts = release_facts(uow, release, **further)
    return with_creation_facts(uow.connection, uow.account_id, {release.id: facts})[release.id]


def with_draft(uow: UnitOfWork, facts: Facts, draft: ReleaseFields) -> Facts:
    """Return the facts with the requested fields: their keypairs, team, participants and name."""
    connection, account_id = uow.connection, uow.account_id
    draft, team_id = _normalized(draft), draft.team_id
    rows = loading.load_keypair_rows(connection, account_id, draft.keypair_ids)
    keypairs = tuple(map(loading.keypair_of, rows))
    participants = load_participants(uow, draft.participant_ids)
    staff = uow.team_facts([team_id])
    own_id = facts.release.id if facts.release else None
    return replace(
        facts,
        proposed=draft,
        keypairs=keypairs,
        holders=holders_of(uow, keypairs, own_id),
        team=staff.teams.get(team_id),
        draft_approver_ids=staff.approvers[team_id],
        inactive_ids=frozenset(id_ for id_, active in participants.items() if not active),
        unknown_ids=draft.participant_ids - participants.keys(),
        name_taken=_name_is_taken(uow, facts.release, draft.name),
    )


def _normalized(draft: ReleaseFields) -> ReleaseFields:
    """Normalize names and texts as they are compared and stored; a blank one becomes None."""
    return replace(
        draft,
        name=normalize(draft.name),
        version=optional_text(draft.version),
        note=optional_text(draft.note),
        origin_condition=normalized(draft.origin_condition),
    )


def require(guard: Callable[[Facts], Refusal | None], facts: Facts) -> None:
    """Raise the guard's refusal, if it has one."""
    refusal = refusal_by(guard, facts)
    if refusal is not None:
        raise refusal


def _name_is_taken(uow: UnitOfWork, release: Release | None, name: str) -> bool:
    gave_name_back = release is not None and release.status.is_final and release.opened_at is None
    # A malformed name is refused by its own rule; the database need not see it.
    if gave_name_back or check_name(name, "name") is not None:
        return False
    own_id = release.id if release else None
    return loading.name_is_taken(uow.connection, uow.account_id, name_key(name), own_id)
