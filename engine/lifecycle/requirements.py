"""The rules of creation: what a requested or edited release must fulfil, as pure guards.

Each edit re-checks them all (spec section 4).
"""

from datetime import UTC, datetime, timedelta
from functools import wraps

from engine.lifecycle import approvals
from engine.lifecycle.guards import Guard, is_eligible_approver
from engine.model import text
from engine.model.claims import check_conditions
from engine.model.errors import Code, Refusal, joined, not_found
from engine.model.facts import Facts
from engine.model.vocabulary import ReleaseType
from engine.model.wording import chosen, counted, only_people

#: A window lies between these instants, which every calendar and clock can show.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
#: The largest value of a GraphQL Int and of an INTEGER column.
MAX_SIGNATURES = 2**31 - 1


def for_stored_release(rule: Guard) -> Guard:
    """Return a rule of creation for a stored release: its refusal names no field of an input."""

    @wraps(rule)
    def stored_release_rule(facts: Facts) -> Refusal | None:
        refusal = rule(facts)
        if refusal is None:
            return None
        message = f"The request cannot be approved as it stands. {refusal.message}"
        return Refusal(refusal.code, message)

    return stored_release_rule


def name_is_clean(facts: Facts) -> Refusal | None:
    """The name is one line, not blank, of at most 200 characters."""
    return text.check_name(facts.draft.name, "name", "name")


def version_is_clean(facts: Facts) -> Refusal | None:
    """The version is one line of at most 100 characters, or missing."""
    version = facts.draft.version
    if version is None:
        return None
    return text.check_name(version, "version", "version", limit=text.VERSION_LENGTH)


def note_is_clean(facts: Facts) -> Refusal | None:
    """The note has at most 10,000 characters; line breaks are allowed."""
    return text.check_text(facts.draft.note, "note", "note")


def name_is_free(facts: Facts) -> Refusal | None:
    """The name is unique in the account, ended releases included (spec section 2)."""
    if not facts.name_taken:
        return None
    message = f"Another release is named {facts.draft.name}. Choose another name."
    return Refusal(Code.NAME_TAKEN, message, "name")


def type_is_enabled(facts: Facts) -> Refusal | None:
    """The release is of a type that the account's settings allow."""
    if facts.draft.type in facts.settings.enabled_release_types:
        return None
    return Refusal(
        Code.RELEASE_TYPE_DISABLED,
        f"This account makes no {facts.draft.type.value.lower()} releases. Choose another type,"
        " or ask an administrator to enable it.",
        "type",
    )


def team_exists(facts: Facts) -> Refusal | None:
    """The team is one of the account's."""
    is_missing = facts.draft.team_id is not None and facts.team is None
    return not_found("team", "team_id") if is_missing else None


def team_fits_settings(facts: Facts) -> Refusal | None:
    """The release has a team if Teams are on, and only then."""
    if facts.settings.teams_enabled and facts.draft.team_id is None:
        return Refusal(Code.TEAM_REQUIRED, "Name the team that works on this release.", "team_id")
    if not facts.settings.teams_enabled and facts.draft.team_id is not None:
        message = "Teams are off in this account. Leave the team out and name participants."
        return Refusal(Code.INVALID_INPUT, message, "team_id")
    return None


def participants_fit_settings(facts: Facts) -> Refusal | None:
    """The release has participants if Teams are off, and only then."""
    participants = facts.draft.participant_ids
    if facts.settings.teams_enabled and participants:
        message = "Teams are on: the team's members take part. Leave the participants out."
        return Refusal(Code.INVALID_INPUT, message, "participant_ids")
    if not facts.settings.teams_enabled and not participants:
        message = "Name at least one participant who may sign."
        return Refusal(Code.INVALID_INPUT, message, "participant_ids")
    return None


def participants_exist(facts: Facts) -> Refusal | None:
    """Every participant is a user of the account."""
    unknown = sorted(facts.unknown_ids)
    return joined(not_found("user", "participant_ids", item=user_id) for user_id in unknown)


def participants_are_active(facts: Facts) -> Refusal | None:
    """No participant is deactivated."""
    message = "One of the participants is deactivated. Leave them out."
    return joined(
        Refusal(Code.INVALID_INPUT, message, "participant_ids", item=user_id)
        for user_id in sorted(facts.inactive_ids)
    )


def origin_condition_is_valid(facts: Facts) -> Refusal | None:
    """An origin condition lets in the pipelines that it names, and not all that there are."""
    return check_conditions(facts.draft.origin_condition, "origin_condition")


def window_is_ordered(facts: Facts) -> Refusal | None:
    """The window is half open, start <= now < end, so it must not be empty."""
    if facts.draft.starts_at < facts.draft.ends_at:
        return None
    return Refusal(
        Code.WINDOW_INVALID, "The window must end after its start. Set a later end.", "ends_at"
    )


def window_is_in_range(facts: Facts) -> Refusal | None:
    """Between the years 2000 and 2200, and no longer than the account's settings allow."""
    starts_at, ends_at = facts.draft.starts_at, facts.draft.ends_at
    for instant, field in ((starts_at, "starts_at"), (ends_at, "ends_at")):
        if not EARLIEST <= instant <= LATEST:
            message = "A window lies between the years 2000 and 2200. Set another instant."
            return Refusal(Code.WINDOW_INVALID, message, field)
    days = facts.settings.max_window_days
    if ends_at - starts_at <= timedelta(days=days):
        return None
    return Refusal(
        Code.WINDOW_INVALID,
        f"The window is too long: the limit of this account, in days, is {days}. Set an earlier"
        " end, or ask an administrator to raise the limit.",
        "ends_at",
    )


def window_is_not_over(facts: Facts) -> Refusal | None:
    """A start in the past opens at once; an end in the past never opens."""
    if facts.draft.ends_at > facts.now:
        return None
    return Refusal(Code.WINDOW_PASSED, "The window is over already. Set a later end.", "ends_at")


def maximum_is_in_range(facts: Facts) -> Refusal | None:
    """The maximum is at least one signature."""
    if 1 <= facts.draft.max_signatures <= MAX_SIGNATURES:
        return None
    return Refusal(
        Code.INVALID_INPUT,
        f"The maximum of signatures must be from 1 to {MAX_SIGNATURES}.",
        "max_signatures",
    )


def maximum_covers_used_signatures(facts: Facts) -> Refusal | None:
    """The maximum is not below the signatures that are used or reserved."""
    release = facts.subject
    number = release.signatures_used + release.signatures_reserved
    if facts.draft.max_signatures >= number:
        return None
    return Refusal(
        Code.INVALID_INPUT,
        f"{counted(number, 'signature')} {chosen(number, 'is', 'are')} used or under way."
        f" Set a maximum of at least {number}.",
        "max_signatures",
    )


def quorum_can_be_met(facts: Facts) -> Refusal | None:
    """A request that could never be approved is refused when it is made (spec section 3)."""
    if team_exists(facts) is not None:
        return None
    possible = len(approvals.possible_approvers(facts))
    required = approvals.required_by_settings(facts)
    if possible >= required:
        return None
    who = f"The team {facts.team.name}" if facts.team else "The account"
    return Refusal(
        Code.NOT_ENOUGH_APPROVERS,
        f"{who} asks for {counted(required, 'approval')} and {only_people(possible)}"
        " could give one. Add approvers or lower the number.",
    )


def status_can_be_chosen(facts: Facts) -> Refusal | None:
    """Choosing the status Approved is for offline releases with Teams off."""
    if not facts.asks_approved:
        return None
    if facts.settings.teams_enabled or facts.draft.type is not ReleaseType.OFFLINE:
        message = "Only an offline release with Teams off can be requested as Approved."
        return Refusal(Code.INVALID_INPUT, message, "status")
    return None


def may_approve_at_once(facts: Facts) -> Refusal | None:
    """Requesting as Approved is approving one's own (spec section 3, "Approvers")."""
    refusal = is_eligible_approver(facts)
    if refusal is not None:
        return Refusal(Code.FORBIDDEN, refusal.message, "status")
    if facts.settings.allow_self_approval and facts.settings.required_approvals == 1:
        return None
    return Refusal(
        Code.OWN_REQUEST,
        "Nobody can approve their own request here. Request it as Pending.",
        "status",
    )
