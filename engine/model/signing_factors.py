"""The signing factors (spec section 5), pure. One list serves sign, explainSign and the ledger.

Whoever reads factors may not see the release: they then call it another release, without its name,
window and maximum (spec section 2). Outcomes do not depend on that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.model.claims import Claims, as_words, failed_condition
from engine.model.errors import Code, Refusal
from engine.model.facts import AccountSettings, Actor, Keypair, Release
from engine.model.grants import missing_permission
from engine.model.visibility import sees
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairState,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    Status,
)
from engine.model.wording import STATUS_PHRASES


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFacts:
    """Everything a signing factor may look at."""

    now: datetime
    settings: AccountSettings
    actor: Actor
    keypair: Keypair
    #: The open release that holds the keypair, with its status as of now.
    release: Release | None
    #: How many signatures earlier requests of the same batch count.
    counted_in_batch: int = 0
    #: Claims to evaluate in place of those of the actor's credential, as the viewer states them.
    stated_claims: Claims | None = None
    #: Who reads the factors; None: readers of the ledger, who see every release.
    viewer: Actor | None = None

    @property
    def claims(self) -> Claims | None:
        """The claims of the pipeline that signs; None where no pipeline does.

        Stated ones say what the release asks for, and so are for viewers who see it.
        """
        if self.stated_claims is not None and self.names_release:
            return self.stated_claims
        return self.actor.pipeline.claims if self.actor.pipeline is not None else None

    @property
    def names_release(self) -> bool:
        """Whether the factors may name the release to the viewer."""
        if self.release is None or self.viewer is None:
            return True
        return sees(self.settings, self.viewer, self.release)


@dataclass(frozen=True, slots=True)
class Factor:
    """One condition of a signature, as evaluated."""

    name: str
    passed: bool
    detail: str
    code: Code


Check = Callable[[SignFacts], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A named factor: the group of spec section 5 it belongs to, and its refusal's code."""

    name: str
    group: int
    code: Code
    check: Check


def _account_not_frozen(facts: SignFacts) -> tuple[bool, str]:
    if facts.settings.signing_frozen:
        return False, "Signing is frozen in the whole account. An administrator can lift it."
    return True, "The account is not frozen."


def _signer_may_sign(facts: SignFacts) -> tuple[bool, str]:
    if not facts.actor.active:
        return False, "The user is deactivated. An administrator can activate them."
    refusal = missing_permission(facts.actor, Permission.SIGN)
    if refusal is not None:
        return False, refusal.message
    return True, "The user is active and may sign."


def _keypair_enabled(facts: SignFacts) -> tuple[bool, str]:
    if facts.keypair.state is KeypairState.RETIRED:
        return False, (
            f"The keypair {facts.keypair.alias} is retired and never signs again."
            " Sign with its successor or another keypair."
        )
    if not facts.keypair.enabled:
        return False, (
            f"The keypair {facts.keypair.alias} is disabled."
            " Somebody who manages keypairs can enable it."
        )
    return True, "The keypair is enabled."


def _keypair_open_or_mapped(facts: SignFacts) -> tuple[bool, str]:
    if facts.keypair.access is KeypairAccess.OPEN:
        return True, "The keypair is open."
    if facts.actor.user_id in facts.keypair.user_ids:
        return True, "The keypair is restricted and the user is mapped to it."
    return False, (
        f"The keypair {facts.keypair.alias} is restricted and the user not mapped to it."
        " Somebody who manages keypairs can map them, or sign with another keypair."
    )


def _credential_covers_keypair(facts: SignFacts) -> tuple[bool, str]:
    if facts.actor.covers_keypair(facts.keypair.id):
        return True, "The credential may be used with the keypair."
    return False, (
        f"The pipeline's rule does not name the keypair {facts.keypair.alias}."
        " An administrator can add it to the rule, or sign with another keypair."
    )


def _team_has_keypair(facts: SignFacts) -> tuple[bool, str]:
    if not facts.settings.teams_enabled:
        return True, "Teams are off."
    if facts.keypair.team_ids & facts.actor.team_ids:
        return True, "A team of the user may use the keypair."
    return False, (
        f"No team of the user may use the keypair {facts.keypair.alias}."
        " Somebody who manages teams can grant it to one, or sign with another keypair."
    )


def _release_window_open(facts: SignFacts) -> tuple[bool, str]:
    release = facts.release
    if release is None:
        return False, f"No release holds the keypair {facts.keypair.alias} now. Request one."
    fields = release.fields
    if release.status is Status.IN_PROGRESS and fields.starts_at <= facts.now < fields.ends_at:
        return True, f"The window of {_called(facts, release)} is open."
    if not facts.names_release:
        return False, _held_by_another(facts, "its window is not open")
    window = f"{fields.starts_at:%Y-%m-%d %H:%M:%S} to {fields.ends_at:%Y-%m-%d %H:%M:%S} UTC"
    return False, (
        f"The release {fields.name} {STATUS_PHRASES[release.status]}; its window is {window}."
        f" {_NEXT_STEP_OUTSIDE_WINDOW.get(release.status, 'Request another release.')}"
    )


#: What brings a signature nearer, by the status of the release; all others have ended.
_NEXT_STEP_OUTSIDE_WINDOW = {
    Status.PENDING: "Ask its approvers to decide, and sign when the window is open.",
    Status.APPROVED: "Sign when the window is open.",
    Status.ACTIVE: "Sign when the window is open.",
}


def _is_participant(facts: SignFacts) -> tuple[bool, str]:
    release = facts.release
    if release is None:
        return False, "There is no release to take part in."
    if facts.settings.teams_enabled:
        takes_part = release.fields.team_id in facts.actor.team_ids
    else:
        takes_part = facts.actor.user_id in release.fields.participant_ids
    if takes_part:
        return True, f"The user takes part in {_called(facts, release)}."
    if not facts.names_release:
        return False, _held_by_another(facts, "the user takes no part in it")
    if facts.settings.teams_enabled:
        advice = "An administrator can add them to its team."
    else:
        advice = "An approver can add them to its participants."
    return False, f"The user does not take part in {release.fields.name}. {advice}"


def _origin_is_agreed(facts: SignFacts) -> tuple[bool, str]:
    release, claims = facts.release, facts.claims
    if release is None or not release.fields.origin_condition:
        return True, "No origin is asked for."
    failed = failed_condition(release.fields.origin_condition, claims or {})
    if failed is None:
        return True, "The pipeline comes from where the release asks for."
    if not facts.names_release:
        return False, _held_by_another(facts, "signs only for another origin")
    if claims is None:
        whole = as_words(release.fields.origin_condition)
        return False, (
            f"The release {release.fields.name} signs only for a pipeline where {whole}."
            " Sign with the token of such a pipeline."
        )
    return False, (
        f"The claim {failed.claim} is {claims.get(failed.claim, 'missing')}, and the release"
        f" {release.fields.name} signs only where {failed}. Run the pipeline there, or ask an"
        " approver to change the condition."
    )


def _signature_left(facts: SignFacts) -> tuple[bool, str]:
    release = facts.release
    if release is None:
        return False, "There is no release to count toward."
    signatures, maximum = f"signatures of {_called(facts, release)}", release.fields.max_signatures
    is_left = release.signatures_left > facts.counted_in_batch
    if facts.names_release and maximum == 1:
        only = f"The only signature of {release.fields.name} is"
        return is_left, f"{only} left." if is_left else f"{only} used or under way. {_MORE_LEFT}"
    if facts.names_release:
        signatures = f"{maximum} {signatures}"
    if is_left:
        return True, f"Of the {signatures} some are left."
    return False, f"All {signatures} are used or under way. {_MORE_LEFT}"


_MORE_LEFT = "Ask an approver to raise the maximum, or close the release and request another."


def _called(facts: SignFacts, release: Release) -> str:
    return release.fields.name if facts.names_release else "another release"


def _held_by_another(facts: SignFacts, why: str) -> str:
    return (
        f"Another release holds the keypair {facts.keypair.alias} and {why};"
        " wait until it has ended, or ask an administrator."
    )


#: In the order of spec section 5. Group 3 associates a signature with a release, group 4 counts.
RULES: tuple[Rule, ...] = (
    Rule("account_not_frozen", 1, Code.SIGNING_FROZEN, _account_not_frozen),
    Rule("signer_may_sign", 1, Code.FORBIDDEN, _signer_may_sign),
    Rule("keypair_enabled", 2, Code.KEYPAIR_DISABLED, _keypair_enabled),
    Rule("keypair_open_or_mapped", 2, Code.KEYPAIR_RESTRICTED, _keypair_open_or_mapped),
    Rule("credential_covers_keypair", 2, Code.KEYPAIR_NOT_ALLOWED, _credential_covers_keypair),
    Rule("team_has_keypair", 2, Code.KEYPAIR_NOT_ALLOWED, _team_has_keypair),
    Rule("release_window_open", 3, Code.OUTSIDE_WINDOW, _release_window_open),
    Rule("is_participant", 3, Code.NOT_A_PARTICIPANT, _is_participant),
    Rule("origin", 3, Code.ORIGIN_MISMATCH, _origin_is_agreed),
    Rule("signature_left", 4, Code.QUOTA_EXHAUSTED, _signature_left),
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All factors, and what follows from them."""

    factors: tuple[Factor, ...]
    refusal: Refusal | None
    #: The release the signature counts toward; None when unassociated or refused.
    release_id: UUID | None

    @property
    def allowed(self) -> bool:
        """Whether a signature would be made."""
        return self.refusal is None


def evaluate(facts: SignFacts) -> Evaluation:
    """Evaluate every factor, then decide by the keypair's type and the account's settings."""
    factors = tuple(Factor(rule.name, *rule.check(facts), rule.code) for rule in RULES)
    fails = {
        group: next(
            (f for f, r in zip(factors, RULES, strict=True) if r.group == group and not f.passed),
            None,
        )
        for group in (1, 2, 3, 4)
    }
    decisive = _decisive_failure(facts, fails)
    if decisive is not None:
        return Evaluation(factors, Refusal(decisive.code, decisive.detail), None)
    associated = fails[3] is None and fails[4] is None and facts.release is not None
    return Evaluation(factors, None, facts.release.id if associated and facts.release else None)


def _decisive_failure(facts: SignFacts, fails: dict[int, Factor | None]) -> Factor | None:
    usable = fails[1] or fails[2]
    if usable is not None:
        return usable
    within_a_release = fails[3] or fails[4]
    if within_a_release is None:
        return None
    if facts.keypair.type is ReleaseType.OFFLINE or facts.settings.restrict_signing_to_releases:
        return within_a_release
    over_the_maximum = fails[3] is None
    if over_the_maximum and facts.settings.quota_on_online is QuotaOnOnline.REFUSE:
        return within_a_release
    return None
