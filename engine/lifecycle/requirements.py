"""The rules of creation: what a requested or edited release must fulfil, as pure guards.

Each edit re-checks them all (spec section 4).
"""

from datetime import UTC, datetime, timedelta
from functools import wraps

from engine.lifecycle import approvals
from engine.lifecycle.guards import Guard, is_eligible_approver
from engine.model import text
from engine.model.errors import Code, Refusal
from engine.model.facts import Facts, Holder
from engine.model.vocabulary import KeypairCategory, ReleaseType
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


def team_fits_settings(facts: Facts) -> Refusal | None:
    """The release has a team if Teams are on, and only then."""
    if facts.settings.teams_enabled and facts.draft.team_id is None:
        return Refusal(Code.TEAM_REQUIRED, "Name the team that works on this release.", "team_id")
    if not facts.settings.teams_enabled and facts.draft.team_id is not None:
        message = "Teams are off in this account. Leave the team out and name participants."
        return Refusal(Code.INVALID_INPUT, message, "team_id")
    return None


def participants_fit_settings(facts: Facts) -> Refusal | None:
    """The release has participants if Teams are off, and only then; all of them are active."""
    participants = facts.draft.participant_ids
    if facts.settings.teams_enabled and participants:
        message = "Teams are on: the team's members take part. Leave the participants out."
        return Refusal(Code.INVALID_INPUT, message, "participant_ids")
    if not facts.settings.teams_enabled and not participants:
        message = "Name at least one participant who may sign."
        return Refusal(Code.INVALID_INPUT, message, "participant_ids")
    if facts.inactive_ids:
        message = "One of the participants is deactivated. Leave them out."
        return Refusal(Code.INVALID_INPUT, message, "participant_ids")
    return None


def has_keypairs(facts: Facts) -> Refusal | None:
    """The release has at least one keypair."""
    if facts.draft.keypair_ids:
        return None
    return Refusal(Code.INVALID_INPUT, "Name at least one keypair.", "keypair_ids")


def keypairs_are_enabled(facts: Facts) -> Refusal | None:
    """A disabled keypair signs nothing, so no release can have it."""
    aliases = [k.alias for k in facts.keypairs if not k.enabled]
    return _keypair_refusal(Code.KEYPAIR_DISABLED, aliases, "disabled. Enable it or choose another")


def keypairs_have_the_type(facts: Facts) -> Refusal | None:
    """Every keypair is of the type of the release."""
    required = facts.draft.type
    aliases = [k.alias for k in facts.keypairs if k.type is not required]
    return _keypair_refusal(
        Code.KEYPAIR_TYPE_MISMATCH, aliases, f"not of the type {required}. Choose one that is"
    )


def keypairs_have_the_category(facts: Facts) -> Refusal | None:
    """Every keypair is of the category of the release."""
    required: KeypairCategory = facts.draft.category
    aliases = [k.alias for k in facts.keypairs if k.category is not required]
    return _keypair_refusal(
        Code.KEYPAIR_CATEGORY_MISMATCH,
        aliases,
        f"not of the category {required}. Choose one that is",
    )


def keypairs_have_certificates(facts: Facts) -> Refusal | None:
    """If the release is to use default certificates, every keypair has one."""
    if not facts.draft.with_default_certificate:
        return None
    aliases = [k.alias for k in facts.keypairs if not k.has_default_certificate]
    return _keypair_refusal(
        Code.KEYPAIR_CERTIFICATE_MISMATCH,
        aliases,
        "without a default certificate. Choose one that has it, or do not ask for it",
    )


def keypairs_belong_to_team(facts: Facts) -> Refusal | None:
    """With Teams on, every keypair is one that the team may use."""
    team = facts.team
    if team is None:
        return None
    aliases = [k.alias for k in facts.keypairs if team.id not in k.team_ids]
    return _keypair_refusal(
        Code.KEYPAIR_NOT_ALLOWED,
        aliases,
        f"not granted to the team {team.name}. Choose one that is",
    )


def keypairs_are_free(facts: Facts) -> Refusal | None:
    """No other open release holds one of the keypairs (spec section 2)."""
    own = facts.release.id if facts.release else None
    held = [k for k in facts.keypairs if k.held_by not in (None, own)]
    if not held:
        return None
    first = min(held, key=lambda keypair: keypair.alias)
    holder = next((h for h in facts.holders if h.keypair_id == first.id), None)
    return keypair_in_use(first.alias, holder)


def keypair_in_use(alias: str, holder: Holder | None) -> Refusal:
    """Which release holds the keypair and until when, where the actor may see that release."""
    if holder is None:
        what = "another open release. Wait until that has ended"
    else:
        what = f"the release {holder.name} until {holder.ends_at:%Y-%m-%d %H:%M:%S} UTC. Wait"
        what += " until it has ended"
    message = f"The keypair {alias} is held by {what}, or choose another."
    return Refusal(Code.KEYPAIR_IN_USE, message, "keypair_ids")


def _keypair_refusal(code: Code, aliases: list[str], what: str) -> Refusal | None:
    if not aliases:
        return None
    return Refusal(code, f"The keypair {min(aliases)} is {what}.", "keypair_ids")


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
