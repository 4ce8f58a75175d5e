"""Who may edit what, as data: the table of spec section 4."""

from enum import StrEnum

from engine.model.facts import FIELD_NAMES, LABEL_FIELDS, Facts
from engine.model.vocabulary import FINAL, NOT_STARTED, ReleaseType, Status

ALL = frozenset(FIELD_NAMES)
#: In progress, these stay as they are for everybody (spec section 3, revise).
LOCKED_IN_PROGRESS = frozenset({"starts_at", "type", "category"})


class Editor(StrEnum):
    """In which role somebody edits a release."""

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
    """Every role the actor has on this release; they add up."""
    roles = {Editor.OTHER}
    if facts.is_approver:
        roles.add(Editor.APPROVER)
    if facts.is_creator:
        roles.add(Editor.CREATOR)
    return frozenset(roles)


def editable_by(status: Status, type_: ReleaseType, editor: Editor) -> frozenset[str]:
    """The fields somebody in this role may edit."""
    for statuses, types, roles, names in EDITABLE:
        if status in statuses and type_ in types and editor in roles:
            return names
    return frozenset()


def editable(facts: Facts) -> frozenset[str]:
    """The fields the actor may edit now."""
    release = facts.subject
    return frozenset().union(
        *(editable_by(release.status, release.fields.type, role) for role in editors(facts))
    )


def widens(facts: Facts) -> bool:
    """The edit lets more be signed than before: longer, more, by more people or with more keys."""
    before, after = facts.subject.fields, facts.draft
    return (
        after.ends_at > before.ends_at
        or after.max_signatures > before.max_signatures
        or not after.keypair_ids <= before.keypair_ids
        or not after.participant_ids <= before.participant_ids
        or after.team_id != before.team_id
    )
