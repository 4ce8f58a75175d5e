"""Time as a guard: the transitions that are due on a release, fired with their own instants."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from engine import machine
from engine.events import ReleaseClosed, ReleaseEvent, ReleaseExpired, ReleaseOpened
from engine.facts import CLOCK, Facts, Release
from engine.persistence import loading
from engine.persistence.storing import move
from engine.persistence.work import Work
from engine.timeline import Step, due_step, is_due
from engine.vocabulary import Trigger


def advance(work: Work, standing: Iterable[Row[Any]]) -> None:
    """Apply whatever time has made due on these locked releases; none is skipped."""
    due = [row.id for row in standing if is_due(row.status, row, work.now)]
    for release in loading.load_releases(work.connection, due).values():
        current = release
        while (step := due_step(current, work.now)) is not None:
            current = _take(work, current, step)


def _take(work: Work, release: Release, step: Step) -> Release:
    facts = Facts(now=work.now, policy=work.policy, actor=CLOCK, release=release)
    target = machine.fire(step.trigger, facts)
    work.record(_event(release, step), actor=CLOCK, effective_at=step.at)
    return move(work.connection, release, target, step.at, step.ending)


def _event(release: Release, step: Step) -> ReleaseEvent:
    moved = {
        "from_status": release.status,
        "to_status": step.target,
        "reason": step.ending.reason if step.ending else None,
    }
    if step.trigger is Trigger.OPEN:
        return ReleaseOpened.of(release.id, **moved)
    if step.trigger is Trigger.CLOSE:
        return ReleaseClosed.of(release.id, early=False, **moved)
    return ReleaseExpired.of(release.id, **moved)
