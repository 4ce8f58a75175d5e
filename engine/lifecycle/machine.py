"""The state machine: compiles the lifecycle table for `transitions`, and fires it.

The only module that imports that library. Firing is pure: it returns the next status or raises a
refusal, and changes nothing else, so that the same call answers whether something is allowed and
decides it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from transitions import Machine, MachineError

from engine.lifecycle.scope_refusals import refusal_by
from engine.lifecycle.table import INPUT_RULES, TRANSITIONS, UNREQUESTED, Transition
from engine.model.errors import Code, Refusal, refuse
from engine.model.facts import Facts
from engine.model.vocabulary import Status, Trigger
from engine.model.wording import STATUS_PHRASES


@dataclass(slots=True)
class _Subject:
    """The object whose state the library changes; discarded after each firing."""

    state: str


def _condition(row: Transition) -> Any:
    """Return the check of a row: does its `when` hold? If so, its guards run and may refuse."""

    def applies(facts: Facts) -> bool:
        if row.when is not None and not row.when(facts):
            return False
        refuse(*_refusals(row, facts))
        return True

    return applies


def _refusals(row: Transition, facts: Facts) -> Iterator[Refusal]:
    """Yield the refusals of a row's guards: all faults of the input, up to any other refusal."""
    for guard in row.guards:
        refusal = refusal_by(guard, facts)
        if refusal is not None:
            yield refusal
            if guard not in INPUT_RULES:
                return


def compile_table(table: tuple[Transition, ...]) -> Machine:
    """Return one machine for all releases; it has no models, so that it retains none of them."""
    return Machine(
        model=None,
        states=[UNREQUESTED, *Status],
        initial=UNREQUESTED,
        auto_transitions=False,
        transitions=[
            {
                "trigger": row.trigger.value,
                "source": (row.source or UNREQUESTED),
                "dest": row.target.value,
                "conditions": [_condition(row)],
            }
            for row in table
        ],
    )


_machine = compile_table(TRANSITIONS)

#: What a release cannot be, in the message where no row of the trigger applies.
_PARTICIPLES = {
    Trigger.REQUEST: "requested",
    Trigger.APPROVE: "approved",
    Trigger.REASSESS: "approved",
    Trigger.REJECT: "rejected",
    Trigger.WITHDRAW: "withdrawn",
    Trigger.REVISE: "changed",
    Trigger.OPEN: "opened",
    Trigger.CLOSE: "closed",
    Trigger.EXPIRE: "ended for want of approval",
    Trigger.STOP: "stopped",
}

#: What to do instead in a release that has not ended, for each step that its status forbids people.
_INSTEAD = {
    (Trigger.APPROVE, Status.APPROVED): "No approval is missing.",
    (Trigger.APPROVE, Status.ACTIVE): "It needs no approval.",
    (Trigger.APPROVE, Status.IN_PROGRESS): "It needs no approval any more.",
    (Trigger.REJECT, Status.APPROVED): "Withdraw it instead.",
    (Trigger.REJECT, Status.ACTIVE): "Withdraw it instead.",
    (Trigger.REJECT, Status.IN_PROGRESS): "Stop it instead.",
    (Trigger.WITHDRAW, Status.IN_PROGRESS): "Close or stop it instead.",
    (Trigger.CLOSE, Status.PENDING): "Withdraw it instead.",
    (Trigger.CLOSE, Status.APPROVED): "Withdraw it instead.",
    (Trigger.CLOSE, Status.ACTIVE): "Withdraw it instead.",
    (Trigger.STOP, Status.PENDING): "Reject or withdraw it instead.",
}


def fire(trigger: Trigger, facts: Facts) -> Status:
    """Return the status after the trigger.

    Raises:
        Refusal: That of the first guard that refuses, with all further faults of the input;
            WRONG_STATUS where no row applies.
    """
    subject = _Subject(facts.status or UNREQUESTED)
    try:
        moved = _machine.events[trigger.value].trigger(subject, facts)
    except MachineError:
        moved = False
    if not moved:
        raise _wrong_status(trigger, facts)
    return Status(subject.state)


def refusal_of(trigger: Trigger, facts: Facts) -> Refusal | None:
    """Return why `fire` would refuse the trigger now; None where it would not."""
    try:
        fire(trigger, facts)
    except Refusal as refusal:
        return refusal
    return None


def _wrong_status(trigger: Trigger, facts: Facts) -> Refusal:
    status = facts.subject.status
    if not status.is_final:
        advice = _INSTEAD.get((trigger, status), "")
    elif trigger is Trigger.APPROVE:
        advice = "Request a new one."
    else:
        advice = "Nothing is signed in it any more."
    phrase, participle = STATUS_PHRASES[status], _PARTICIPLES[trigger]
    again = " again" if phrase.endswith(participle) else ""
    message = f"The release {phrase} and cannot be {participle}{again}. {advice}"
    return Refusal(Code.WRONG_STATUS, message.rstrip())
