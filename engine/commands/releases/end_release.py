"""End a release: what withdrawing, closing early and stopping have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from engine.commands.releases.draft import release_facts
from engine.lifecycle import machine
from engine.lifecycle.schedule import EndReason
from engine.model.events import ReleaseEvent
from engine.model.facts import Release
from engine.model.text import optional_text
from engine.model.vocabulary import Status, Trigger
from engine.persistence.store.releases import write_transition
from engine.persistence.store.unit_of_work import UnitOfWork


def end(
    uow: UnitOfWork,
    release_id: UUID,
    trigger: Trigger,
    ending: EndReason,
    event: type[ReleaseEvent],
    **details: Any,
) -> UUID:
    """End a release by a trigger that a person fires; returns its id.

    Args:
        uow: The unit of work of the command.
        release_id: Which release.
        trigger: The trigger of the lifecycle table.
        ending: The code and the reason, as the person typed it.
        event: The class of the ledger's event.
        details: Further fields of the event.
    """
    release = uow.release(release_id)
    reason = optional_text(ending.reason)
    facts = release_facts(uow, release, reason=reason)
    target = machine.fire(trigger, facts)
    record_end(uow, release, target, replace(ending, reason=reason), event, **details)
    return release.id


def record_end(
    uow: UnitOfWork,
    release: Release,
    target: Status,
    ending: EndReason,
    event: type[ReleaseEvent],
    **details: Any,
) -> None:
    """Store and record the end of a release, whose trigger has fired."""
    statuses = {"from_status": release.status, "to_status": target}
    uow.record(event.of(release.id, reason=ending.reason, **statuses, **details))
    uow.put(write_transition(uow, release, target, ending))
