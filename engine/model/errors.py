"""The refusals: a stable code, a sentence that says what to do, and the field at fault."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from uuid import UUID

#: What names an item of a list in an input: an id, a name, or the claim of a condition.
Item = UUID | str


class Code(StrEnum):
    """The codes of refusals. They are stable, for clients branch on them."""

    #: It does not exist, or not for the caller.
    NOT_FOUND = "NOT_FOUND"
    #: The caller lacks the permission.
    FORBIDDEN = "FORBIDDEN"
    #: A value is malformed or out of range.
    INVALID_INPUT = "INVALID_INPUT"
    #: Another of the account's things has the name.
    NAME_TAKEN = "NAME_TAKEN"
    #: Another open release holds the keypair.
    KEYPAIR_IN_USE = "KEYPAIR_IN_USE"
    #: The keypair's type is not the release's.
    KEYPAIR_TYPE_MISMATCH = "KEYPAIR_TYPE_MISMATCH"
    #: The keypair's category is not the release's.
    KEYPAIR_CATEGORY_MISMATCH = "KEYPAIR_CATEGORY_MISMATCH"
    #: The release asks for default certificates and the keypair has none.
    KEYPAIR_CERTIFICATE_MISMATCH = "KEYPAIR_CERTIFICATE_MISMATCH"
    #: The team was not granted the keypair.
    KEYPAIR_NOT_ALLOWED = "KEYPAIR_NOT_ALLOWED"
    #: The window does not end after its start.
    WINDOW_INVALID = "WINDOW_INVALID"
    #: The window is over already.
    WINDOW_PASSED = "WINDOW_PASSED"
    #: Too few people could approve for the quorum ever to be met.
    NOT_ENOUGH_APPROVERS = "NOT_ENOUGH_APPROVERS"
    #: The approver decided on this revision before.
    ALREADY_DECIDED = "ALREADY_DECIDED"
    #: Nobody approves what they themselves asked for.
    OWN_REQUEST = "OWN_REQUEST"
    #: The caller is no approver of this release.
    NOT_AN_APPROVER = "NOT_AN_APPROVER"
    #: The release's status does not allow it.
    WRONG_STATUS = "WRONG_STATUS"
    #: The release was changed since the caller looked.
    REVISION_CONFLICT = "REVISION_CONFLICT"
    #: The account does not use this type of release.
    RELEASE_TYPE_DISABLED = "RELEASE_TYPE_DISABLED"
    #: The account would be left without anyone who can manage users.
    LAST_ADMINISTRATOR = "LAST_ADMINISTRATOR"
    #: Too much is under way; try again shortly.
    OVERLOADED = "OVERLOADED"
    #: The database cannot store anything: its operator has to act.
    STORAGE_FAILED = "STORAGE_FAILED"
    #: The caller caused too much of this in a short time; try again later.
    RATE_LIMITED = "RATE_LIMITED"
    #: The account's kill switch is on.
    SIGNING_FROZEN = "SIGNING_FROZEN"
    #: Teams are on and the release names none.
    TEAM_REQUIRED = "TEAM_REQUIRED"
    #: The field cannot be edited in this status, or not by the caller.
    FIELD_LOCKED = "FIELD_LOCKED"
    #: The caller may not sign in this release.
    NOT_A_PARTICIPANT = "NOT_A_PARTICIPANT"
    #: No release window is open for the keypair.
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    #: The release's signatures are used up.
    QUOTA_EXHAUSTED = "QUOTA_EXHAUSTED"
    #: The keypair was disabled, or retired.
    KEYPAIR_DISABLED = "KEYPAIR_DISABLED"
    #: The keypair is restricted and the caller not mapped to it.
    KEYPAIR_RESTRICTED = "KEYPAIR_RESTRICTED"
    #: The idempotency key was used for something else.
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    #: The signature would not count toward the release that the caller names.
    RELEASE_MISMATCH = "RELEASE_MISMATCH"
    #: Another signature of the same atomic batch could not be made.
    BATCH_REFUSED = "BATCH_REFUSED"
    #: The caller is no pipeline from where the release asks for.
    ORIGIN_MISMATCH = "ORIGIN_MISMATCH"
    #: The signer could not make the signature.
    SIGNER_FAILED = "SIGNER_FAILED"
    #: The signature was made, and the time-stamping authority gave no usable answer.
    TIMESTAMP_FAILED = "TIMESTAMP_FAILED"
    #: No valid credentials.
    UNAUTHENTICATED = "UNAUTHENTICATED"


#: How many faults of one input are listed; a list of ids has as many as it has items.
MAX_LISTED_FAULTS = 100

#: Refusals that leave no ledger entry (spec section 3): nothing the caller may see was touched.
UNRECORDED = frozenset({Code.NOT_FOUND, Code.INVALID_INPUT, Code.UNAUTHENTICATED})


class Refusal(Exception):
    """A command or query was refused; everything is as it was before."""

    def __init__(self, code: Code, message: str, *field: str, item: Item | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        #: Path of the input at fault, in the engine's snake_case; empty when it is none of them.
        self.field = field
        #: Which item in that field is at fault, if it is a list.
        self.item = item
        #: The other faults of the same input, in the order of the rules.
        self.further: tuple[Refusal, ...] = ()

    @property
    def all(self) -> tuple["Refusal", ...]:
        """All faults of the input, of which this one is the first."""
        return (self, *self.further)

    @property
    def listed(self) -> tuple["Refusal", ...]:
        """The first faults of the input, and one that says how many more there are."""
        faults = self.all
        if len(faults) <= MAX_LISTED_FAULTS:
            return faults
        more = len(faults) - MAX_LISTED_FAULTS
        message = f"There are {more} more faults. Correct the first {MAX_LISTED_FAULTS}, and retry."
        return (*faults[:MAX_LISTED_FAULTS], Refusal(Code.INVALID_INPUT, message))

    def sentence(self, spell: Callable[[str], str]) -> str:
        """The message, with the names of fields that it has spelled as the reader knows them."""
        return self.message


class FieldsLocked(Refusal):
    """The only refusal whose sentence names fields: those that cannot be edited now."""

    def __init__(self, cause: str, fields: Sequence[str]) -> None:
        self._cause = cause
        super().__init__(Code.FIELD_LOCKED, _with_names(cause, fields), *fields)

    def sentence(self, spell: Callable[[str], str]) -> str:
        """The cause, and the fields as the reader knows them."""
        return _with_names(self._cause, [spell(name) for name in self.field])


def _with_names(cause: str, names: Sequence[str]) -> str:
    return f"{cause}, so you cannot change: {', '.join(names)}."


class StorageFailed(Refusal):
    """The database cannot store anything: it is full, read-only or damaged.

    Nothing that the caller could change helps, and so no face tells it as an answer to the caller.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Code.STORAGE_FAILED, message)


class RevisionConflict(Refusal):
    """The caller looked at another revision than the present one."""

    def __init__(self, message: str, subject_id: UUID) -> None:
        super().__init__(Code.REVISION_CONFLICT, message, "revision")
        #: What was changed meanwhile; the caller may see it.
        self.subject_id = subject_id


def not_found(what: str, *field: str, item: Item | None = None) -> Refusal:
    """Return the refusal for what does not exist, or what the actor may not see."""
    return Refusal(Code.NOT_FOUND, f"There is no such {what}. Check the id.", *field, item=item)


def joined(refusals: Iterable[Refusal | None]) -> Refusal | None:
    """Return the first of the refusals, with all others as its further ones."""
    faults = [fault for refusal in refusals if refusal is not None for fault in refusal.all]
    if not faults:
        return None
    first, *further = faults
    first.further = tuple(further)
    return first


class Faults:
    """Collects the refusals of several checks of one input, to raise all of them at once.

    faults = Faults()
    with faults:
        name = clean_name(self.name)
    with faults:
        require_locale(self.locale)
    faults.refuse()
    """

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []

    def __enter__(self) -> None:
        """Begin a check."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        """Keep the refusal of the check, if it has one."""
        if not isinstance(error, Refusal) or isinstance(error, StorageFailed):
            return False
        self._refusals.append(error)
        return True

    def refuse(self) -> None:
        """Raise the refusals, if there are any: the first, with all others as further ones."""
        refuse(*self._refusals)


def refuse(*refusals: Refusal | None) -> None:
    """Raise the first of the refusals, if there is one, with all others as its further ones."""
    refusal = joined(refusals)
    if refusal is not None:
        raise refusal
