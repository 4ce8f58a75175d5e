"""Apply the transitions that time has made due on a release, each with its own instant."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.lifecycle import machine
from engine.lifecycle.schedule import DueTransition, apply_transition, due_steps, is_due
from engine.model.events import ReleaseClosed, ReleaseEvent, ReleaseExpired, ReleaseOpened
from engine.model.facts import CLOCK, Facts, Release
from engine.model.vocabulary import Trigger
from engine.persistence.store import locks
from engine.persistence.store.releases import write_transitions
from engine.persistence.store.unit_of_work import UnitOfWork

#: The event of each transition that time makes due.
EVENT_BY_TRIGGER: Mapping[Trigger, Callable[..., ReleaseEvent]] = {
    Trigger.OPEN: ReleaseOpened.of,
    Trigger.CLOSE: partial(ReleaseClosed.of, early=False),
    Trigger.EXPIRE: ReleaseExpired.of,
}


def advance(uow: UnitOfWork, standing: Iterable[Row[Any]]) -> None:
    """Apply every transition that is due on releases that were just locked.

    Args:
        uow: The unit of work that holds them.
        standing: Rows with the `id`, `status` and window of each.
    """
    _apply(uow, [row.id for row in standing if is_due(row.status, row, uow.now)])


def advance_again(uow: UnitOfWork) -> None:
    """Apply what a command made due on the locked releases; read only those it has not loaded."""
    loaded_ids = uow.locked & uow.loaded_releases.keys()
    loaded = [uow.loaded_releases[release_id] for release_id in sorted(loaded_ids)]
    due = [release for release in loaded if is_due(release.status, release.fields, uow.now)]
    _apply(uow, [release.id for release in due])
    advance(uow, locks.load_schedules(uow.connection, uow.locked - loaded_ids))


def _apply(uow: UnitOfWork, due: Collection[UUID]) -> None:
    moves = [(release, _advanced(uow, release)) for release in uow.get_many(due).values()]
    write_transitions(uow, moves)
    for _, after in moves:
        uow.put(after)


def _advanced(uow: UnitOfWork, release: Release) -> Release:
    for step in due_steps(release, uow.now):
        _fire(uow, release, step)
        release = apply_transition(release, step.target, step.at, step.ending)
    return release


def _fire(uow: UnitOfWork, release: Release, step: DueTransition) -> None:
    facts = Facts(now=uow.now, settings=uow.settings, actor=CLOCK, release=release)
    machine.fire(step.trigger, facts)
    uow.record(_event(release, step), actor=CLOCK, effective_at=step.at)


def _event(release: Release, step: DueTransition) -> ReleaseEvent:
    return EVENT_BY_TRIGGER[step.trigger](
        release.id,
        from_status=release.status,
        to_status=step.target,
        reason=step.ending.reason if step.ending else None,
    )
