"""The state machine: compiles the lifecycle table for `transitions`, and fires it.

The only module that knows that library. Firing is pure: it answers the next status or raises
a refusal, and changes nothing else, so that the same call answers "may I?" and "do it".
"""

from dataclasses import dataclass
from typing import Any

from transitions import Machine, MachineError

from engine.lifecycle.narrowing import refusal_by
from engine.lifecycle.table import TRANSITIONS, UNREQUESTED, Transition
from engine.model.errors import Code, Refusal
from engine.model.facts import Facts
from engine.model.vocabulary import Status, Trigger
from engine.model.wording import STANDS


@dataclass(slots=True)
class _Subject:
    """What the library moves from state to state; dropped after each firing."""

    state: str


def _condition(row: Transition) -> Any:
    """`when` false: not this row. Else its guards run, and the first refusal is raised."""

    def applies(facts: Facts) -> bool:
        if row.when is not None and not row.when(facts):
            return False
        for guard in row.guards:
            refusal = refusal_by(guard, facts)
            if refusal is not None:
                raise refusal
        return True

    return applies


def compile_table(table: tuple[Transition, ...]) -> Machine:
    """One shared machine without models, so that nothing is retained for a release."""
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

#: What a release cannot be when no row of the trigger applies.
_DONE = {
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


def fire(trigger: Trigger, facts: Facts) -> Status:
    """The status after the trigger. Raises `Refusal`: a guard's, or WRONG_STATUS."""
    subject = _Subject(facts.status or UNREQUESTED)
    try:
        moved = _machine.events[trigger.value].trigger(subject, facts)
    except MachineError:
        moved = False
    if not moved:
        raise _wrong_status(trigger, facts)
    return Status(subject.state)


def refusal_of(trigger: Trigger, facts: Facts) -> Refusal | None:
    """Why the trigger would be refused now, or None: the same decision, nothing done."""
    try:
        fire(trigger, facts)
    except Refusal as refusal:
        return refusal
    return None


def _wrong_status(trigger: Trigger, facts: Facts) -> Refusal:
    status = facts.subject.status
    advice = "Request a new one." if status.is_final else "Look at it again."
    stands, done = STANDS[status], _DONE[trigger]
    again = " again" if stands.endswith(done) else ""
    message = f"The release {stands} and cannot be {done}{again}. {advice}"
    return Refusal(Code.WRONG_STATUS, message)
