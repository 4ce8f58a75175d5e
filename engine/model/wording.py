"""Words in refusals that follow a number or a status: one place, so that each sentence is right."""

from engine.model.vocabulary import Status

#: Why a second decision is refused, by the guard and, in a race, by the database.
DECIDED_ALREADY = (
    "You have decided on this revision already. To undo an approval, withdraw the release."
)

#: What a message says after "The release", by its status.
STATUS_PHRASES: dict[Status, str] = {
    Status.PENDING: "is pending",
    Status.APPROVED: "is approved",
    Status.ACTIVE: "is active",
    Status.IN_PROGRESS: "is in progress",
    Status.COMPLETED: "is completed",
    Status.FAILED: "has failed",
    Status.REJECTED: "was rejected",
}


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """The number with its noun: `1 approval`, `2 approvals`.

    Args:
        number: How many there are.
        singular: The noun of one.
        plural: The noun of none or several; by default the singular with an `s`.
    """
    return f"{number} {chosen(number, singular, plural or f'{singular}s')}"


def chosen(number: int, singular: str, plural: str) -> str:
    """The form of a word that goes with the number: `is` or `are`, `it` or `they`."""
    return singular if number == 1 else plural


def only_people(number: int) -> str:
    """How few people: `nobody`, `only 1 person`, `only 2 people`."""
    return f"only {counted(number, 'person', 'people')}" if number else "nobody"
