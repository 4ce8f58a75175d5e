"""What withdrawing, closing early and stopping have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from engine import machine
from engine.commands.building import release_facts
from engine.events import ReleaseEvent
from engine.naming import optional_text
from engine.persistence.locks import Lock
from engine.persistence.storing import move
from engine.persistence.unit_of_work import Attempt
from engine.persistence.work import Work
from engine.timeline import Ending
from engine.vocabulary import Trigger


def lock_of(release_id: UUID) -> Lock:
    """The release alone."""
    return Lock(releases=frozenset({release_id}))


def attempt_of(command: str, release_id: UUID) -> Attempt:
    """An entry of the release's history."""
    return Attempt(command=command, subject_kind="Release", subject_id=release_id)


def end(
    work: Work,
    release_id: UUID,
    trigger: Trigger,
    ending: Ending,
    event: type[ReleaseEvent],
    **details: Any,
) -> UUID:
    """End a release by a person's trigger; answers its id."""
    release = work.release(release_id)
    reason = optional_text(ending.reason)
    facts = release_facts(work, release, reason=reason)
    target = machine.fire(trigger, facts)
    ending = replace(ending, reason=reason)
    work.record(
        event.of(release.id, from_status=release.status, to_status=target, reason=reason, **details)
    )
    work.keep(move(work, release, target, ending))
    return release.id
