"""Who may edit which fields of a release, as a table (spec section 4)."""

from enum import StrEnum

from engine.model.facts import FIELD_NAMES, LABEL_FIELDS, Facts
from engine.model.vocabulary import FINAL, NOT_STARTED, ReleaseType, Status

ALL = frozenset(FIELD_NAMES)
#: Nobody edits these while the release is in progress (spec section 3, revise).
LOCKED_IN_PROGRESS = frozenset({"starts_at", "type", "category"})


class Editor(StrEnum):
    """The role in which somebody edits a release."""

    APPROVER = "APPROVER"
    CREATOR = "CREATOR"
    OTHER = "OTHER"


#: (statuses, types, editors) -> the fields they may edit. The first row that fits counts.
EDITABLE: tuple[
    tuple[frozenset[Status], frozenset[ReleaseType], frozenset[Editor], frozenset[str]], ...
] = (
    (FINAL, frozenset(ReleaseType), frozenset(Editor), LABEL_FIELDS),
    (NOT_STARTED, frozenset(ReleaseType), frozenset(Editor), ALL),
    (
        frozenset({Status.IN_PROGRESS}),
        frozenset({ReleaseType.OFFLINE}),
        frozenset({Editor.APPROVER}),
        ALL - LOCKED_IN_PROGRESS,
    ),
    (
        frozenset({Status.IN_PROGRESS}),
        frozenset({ReleaseType.ONLINE, ReleaseType.TEST}),
        frozenset({Editor.CREATOR}),
        ALL - LOCKED_IN_PROGRESS,
    ),
    (
        frozenset({Status.IN_PROGRESS}),
        frozenset(ReleaseType),
        frozenset(Editor),
        LABEL_FIELDS,
    ),
)


def editors(facts: Facts) -> frozenset[Editor]:
    """Return every role that the actor has on this release; what each may edit adds up."""
    roles = {Editor.OTHER}
    if facts.is_approver:
        roles.add(Editor.APPROVER)
    if facts.is_creator:
        roles.add(Editor.CREATOR)
    return frozenset(roles)


def editable_by(status: Status, type_: ReleaseType, editor: Editor) -> frozenset[str]:
    """Return the fields that somebody in this role may edit."""
    for statuses, types, roles, names in EDITABLE:
        if status in statuses and type_ in types and editor in roles:
            return names
    return frozenset()


def editable(facts: Facts) -> frozenset[str]:
    """Return the fields that the actor may edit now."""
    release = facts.subject
    return frozenset().union(
        *(editable_by(release.status, release.fields.type, role) for role in editors(facts))
    )


def widens(facts: Facts) -> bool:
    """Return whether an edit allows more signing: longer, more, by more people or keypairs."""
    before, after = facts.subject.fields, facts.draft
    return (
        after.ends_at > before.ends_at
        or after.max_signatures > before.max_signatures
        or not after.keypair_ids <= before.keypair_ids
        or not after.participant_ids <= before.participant_ids
        or after.team_id != before.team_id
        or loosens_origin_condition(facts)
    )


def loosens_origin_condition(facts: Facts) -> bool:
    """Return whether an edit drops a condition that holds pipelines off: then others may sign."""
    before, after = facts.subject.fields, facts.draft
    return not set(before.origin_condition) <= set(after.origin_condition)
