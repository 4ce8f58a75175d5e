"""The table of transitions: which trigger leads from which status to which (spec section 3).

Each row has its condition and its guards. The state machine, the diagram, `availableActions` and
the tests all read this table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.lifecycle import conditions as when
from engine.lifecycle import guards, keypair_requirements, requirements
from engine.lifecycle.conditions import Condition
from engine.lifecycle.guards import Guard
from engine.model.vocabulary import Status, Trigger

#: Where a request starts from: no status, since there is no release yet.
UNREQUESTED = "UNREQUESTED"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: it applies where `when` holds; then each of its `guards` may still refuse."""

    trigger: Trigger
    source: Status | None
    target: Status
    when: Condition | None = None
    guards: tuple[Guard, ...] = ()


#: Rules of the fields that are labels at any time.
NAME_AND_NOTE_RULES: tuple[Guard, ...] = (
    requirements.name_is_clean,
    requirements.note_is_clean,
    requirements.name_is_free,
)
#: With the version, which is a label once the window has opened.
LABEL_RULES: tuple[Guard, ...] = (*NAME_AND_NOTE_RULES, requirements.version_is_clean)

ACCOUNT_RULES: tuple[Guard, ...] = (
    requirements.type_is_enabled,
    requirements.team_fits_settings,
    requirements.participants_fit_settings,
    requirements.participants_are_active,
)
#: What a release has once it is stored.
EXISTENCE_RULES: tuple[Guard, ...] = (
    requirements.team_exists,
    requirements.participants_exist,
    keypair_requirements.keypairs_exist,
)
#: They refuse nothing where Teams are off.
TEAM_RULES: tuple[Guard, ...] = (
    guards.is_on_the_team,
    keypair_requirements.keypairs_belong_to_team,
)
KEYPAIR_AND_WINDOW_RULES: tuple[Guard, ...] = (
    keypair_requirements.has_keypairs,
    keypair_requirements.keypairs_are_covered,
    keypair_requirements.keypairs_are_enabled,
    keypair_requirements.keypairs_have_the_type,
    keypair_requirements.keypairs_have_the_category,
    keypair_requirements.keypairs_have_certificates,
    requirements.window_is_ordered,
    requirements.window_is_in_range,
    requirements.window_is_not_over,
    requirements.maximum_is_in_range,
    requirements.origin_condition_is_valid,
    keypair_requirements.keypairs_are_free,
)

#: Rules that say whether the actor may request a release of a team, whatever is in it.
REQUESTER_RULES: tuple[Guard, ...] = (
    guards.may_request,
    requirements.team_fits_settings,
    guards.is_on_the_team,
)
#: Rules that say of each keypair by itself whether a release of a team can have it.
KEYPAIR_CHOICE_RULES: tuple[Guard, ...] = (
    requirements.type_is_enabled,
    keypair_requirements.keypairs_are_enabled,
    keypair_requirements.keypairs_belong_to_team,
    keypair_requirements.keypairs_are_free,
)

CREATION_RULES: tuple[Guard, ...] = (*ACCOUNT_RULES, *TEAM_RULES, *KEYPAIR_AND_WINDOW_RULES)

REQUEST: tuple[Guard, ...] = (
    guards.may_request,
    *EXISTENCE_RULES,
    *LABEL_RULES,
    *CREATION_RULES,
)
REQUEST_TO_PENDING: tuple[Guard, ...] = (*REQUEST, requirements.quorum_can_be_met)
REQUEST_WITHOUT_APPROVAL: tuple[Guard, ...] = (requirements.status_can_be_chosen, *REQUEST)
#: Only with Teams off, as `status_can_be_chosen` says.
REQUEST_AS_APPROVED: tuple[Guard, ...] = (
    guards.may_request,
    requirements.status_can_be_chosen,
    *EXISTENCE_RULES,
    *LABEL_RULES,
    *ACCOUNT_RULES,
    *KEYPAIR_AND_WINDOW_RULES,
    requirements.may_approve_at_once,
)
#: What an input has to be like. Where several of these refuse, every one of them is told; any other
#: guard that refuses is the last to be asked.
INPUT_RULES: frozenset[Guard] = frozenset(
    {
        *EXISTENCE_RULES,
        *LABEL_RULES,
        *CREATION_RULES,
        requirements.status_can_be_chosen,
        requirements.may_approve_at_once,
        requirements.quorum_can_be_met,
        requirements.maximum_covers_used_signatures,
    }
)

#: The rules of creation that do not depend on who requests: they apply again on approval.
STANDING_RULES: tuple[Guard, ...] = tuple(
    requirements.for_stored_release(rule)
    for rule in (
        *ACCOUNT_RULES,
        keypair_requirements.keypairs_belong_to_team,
        *KEYPAIR_AND_WINDOW_RULES,
    )
)

DECIDE: tuple[Guard, ...] = (
    guards.is_eligible_approver,
    guards.saw_material_revision,
    guards.has_not_decided,
    guards.comment_is_clean,
)
APPROVE: tuple[Guard, ...] = (*DECIDE, guards.is_not_own_request, *STANDING_RULES)

REJECT: tuple[Guard, ...] = (*DECIDE, guards.rejection_gives_a_reason)

EDIT_BASE_RULES: tuple[Guard, ...] = (
    guards.edits_latest_revision,
    guards.fields_are_editable,
)
EDIT_RULES: tuple[Guard, ...] = (*EDIT_BASE_RULES, *LABEL_RULES)
LABEL_EDIT: tuple[Guard, ...] = (guards.may_edit, *EDIT_RULES)
LABEL_EDIT_BEFORE_THE_START: tuple[Guard, ...] = (
    guards.may_edit,
    *EDIT_BASE_RULES,
    *NAME_AND_NOTE_RULES,
)
EDIT: tuple[Guard, ...] = (
    *LABEL_EDIT,
    guards.pipeline_keeps_origin_condition,
    *EXISTENCE_RULES,
    *CREATION_RULES,
)
APPROVERS_EDIT: tuple[Guard, ...] = (
    guards.approver_edits_approved,
    *EDIT_RULES,
    *EXISTENCE_RULES,
    *CREATION_RULES,
)
EDIT_TO_PENDING: tuple[Guard, ...] = (*EDIT, requirements.quorum_can_be_met)
APPROVED_TO_ACTIVE: tuple[Guard, ...] = (guards.approver_edits_approved, *EDIT)
EDIT_IN_PROGRESS: tuple[Guard, ...] = (*EDIT, requirements.maximum_covers_used_signatures)

WITHDRAW: tuple[Guard, ...] = (guards.requester_or_approver, guards.reason_is_clean)
STOP: tuple[Guard, ...] = (guards.may_stop, guards.gives_a_reason, guards.reason_is_clean)


def _rows() -> Iterator[Transition]:
    row, revise = Transition, Trigger.REVISE
    pending, approved, active = Status.PENDING, Status.APPROVED, Status.ACTIVE
    in_progress, completed = Status.IN_PROGRESS, Status.COMPLETED
    rejected, failed = Status.REJECTED, Status.FAILED

    yield row(Trigger.REQUEST, None, pending, when.awaits_approval, REQUEST_TO_PENDING)
    yield row(Trigger.REQUEST, None, approved, when.requested_as_approved, REQUEST_AS_APPROVED)
    yield row(Trigger.REQUEST, None, active, when.needs_no_approval, REQUEST_WITHOUT_APPROVAL)

    yield row(Trigger.APPROVE, pending, pending, when.leaves_the_quorum_open, APPROVE)
    yield row(Trigger.APPROVE, pending, approved, when.completes_the_quorum, APPROVE)
    yield row(Trigger.REASSESS, pending, approved, when.has_its_quorum, STANDING_RULES)
    yield row(Trigger.REJECT, pending, rejected, None, REJECT)

    for source in (pending, approved, active):
        yield row(Trigger.WITHDRAW, source, rejected, None, WITHDRAW)

    for final in (completed, failed, rejected):
        yield row(revise, final, final, None, LABEL_EDIT)
    for source in (pending, approved, active):
        yield row(revise, source, source, when.touches_labels_only, LABEL_EDIT_BEFORE_THE_START)
    yield row(revise, in_progress, in_progress, when.touches_labels_only, LABEL_EDIT)
    yield row(revise, pending, pending, when.material_edit_stays_offline, EDIT_TO_PENDING)
    yield row(revise, pending, active, when.material_edit_needs_no_approval, EDIT)
    yield row(revise, approved, pending, when.reopens_approval, EDIT_TO_PENDING)
    yield row(revise, approved, approved, when.keeps_approval, APPROVERS_EDIT)
    yield row(revise, approved, active, when.material_edit_needs_no_approval, APPROVED_TO_ACTIVE)
    yield row(revise, active, active, when.material_edit_needs_no_approval, EDIT)
    yield row(revise, active, pending, when.material_edit_stays_offline, EDIT_TO_PENDING)
    yield row(revise, in_progress, in_progress, when.is_material, EDIT_IN_PROGRESS)

    yield row(Trigger.OPEN, approved, in_progress, when.window_has_started)
    yield row(Trigger.OPEN, active, in_progress, when.window_has_started)
    yield row(Trigger.CLOSE, in_progress, completed, when.window_is_over)
    yield row(Trigger.CLOSE, in_progress, completed, when.closed_early, WITHDRAW)
    yield row(Trigger.EXPIRE, pending, failed, when.window_is_over)

    for source in (approved, active, in_progress):
        yield row(Trigger.STOP, source, failed, when.keypair_was_disabled)
        yield row(Trigger.STOP, source, failed, when.stopped_by_a_person, STOP)


TRANSITIONS: tuple[Transition, ...] = tuple(_rows())

#: Which edge of the window makes a trigger due by itself.
DUE_AT: dict[Trigger, str] = {
    Trigger.OPEN: "starts_at",
    Trigger.CLOSE: "ends_at",
    Trigger.EXPIRE: "ends_at",
}

#: status -> (trigger, edge of the window, next status): the transition that time makes due.
TIME_TRIGGERS: dict[Status, tuple[Trigger, str, Status]] = {
    row.source: (row.trigger, DUE_AT[row.trigger], row.target)
    for row in TRANSITIONS
    if row.source is not None and row.when in (when.window_has_started, when.window_is_over)
}
