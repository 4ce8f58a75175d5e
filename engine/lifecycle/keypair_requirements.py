"""The rules of creation for keypairs: which ones a requested or edited release can have.

Each edit re-checks them all (spec section 4).
"""

from collections.abc import Iterable
from uuid import UUID

from engine.model.errors import Code, Refusal, joined, not_found
from engine.model.facts import Facts, Holder, Keypair
from engine.model.vocabulary import KeypairCategory, KeypairState

_DISABLED = {
    KeypairState.DISABLED: "disabled. Enable it or choose another",
    KeypairState.RETIRED: "retired. Choose its successor or another",
}


def has_keypairs(facts: Facts) -> Refusal | None:
    """The release has at least one keypair."""
    if facts.draft.keypair_ids:
        return None
    return Refusal(Code.INVALID_INPUT, "Name at least one keypair.", "keypair_ids")


def keypairs_exist(facts: Facts) -> Refusal | None:
    """Every keypair is one of the account's."""
    unknown = facts.draft.keypair_ids - {keypair.id for keypair in facts.keypairs}
    return joined(not_found("keypair", "keypair_ids", item=id_) for id_ in sorted(unknown))


def keypairs_are_covered(facts: Facts) -> Refusal | None:
    """A pipeline requests and edits releases of those keypairs that its rule names."""
    beyond = [k.alias for k in facts.keypairs if not facts.actor.covers_keypair(k.id)]
    if not beyond:
        return None
    message = f"The pipeline's rule does not name the keypair {min(beyond)}. Choose another."
    return Refusal(Code.KEYPAIR_NOT_ALLOWED, message, "keypair_ids")


def keypairs_are_enabled(facts: Facts) -> Refusal | None:
    """A disabled or retired keypair signs nothing, so no release can have it."""
    unfit = (k for k in facts.keypairs if not k.enabled)
    return joined(
        _refuse_each([k], Code.KEYPAIR_DISABLED, _DISABLED[k.state]) for k in _by_alias(unfit)
    )


def keypairs_have_the_type(facts: Facts) -> Refusal | None:
    """Every keypair is of the type of the release."""
    required = facts.draft.type
    unfit = (k for k in facts.keypairs if k.type is not required)
    what = f"not of the type {required}. Choose one that is"
    return _refuse_each(unfit, Code.KEYPAIR_TYPE_MISMATCH, what)


def keypairs_have_the_category(facts: Facts) -> Refusal | None:
    """Every keypair is of the category of the release."""
    required: KeypairCategory = facts.draft.category
    unfit = (k for k in facts.keypairs if k.category is not required)
    what = f"not of the category {required}. Choose one that is"
    return _refuse_each(unfit, Code.KEYPAIR_CATEGORY_MISMATCH, what)


def keypairs_have_certificates(facts: Facts) -> Refusal | None:
    """If the release is to use default certificates, every keypair has one that is valid."""
    if not facts.draft.with_default_certificate:
        return None
    unfit = (k for k in facts.keypairs if not k.has_current_certificate(facts.now))
    what = "without a valid default certificate. Choose one that has it, or do not ask for it"
    return _refuse_each(unfit, Code.KEYPAIR_CERTIFICATE_MISMATCH, what)


def keypairs_belong_to_team(facts: Facts) -> Refusal | None:
    """With Teams on, every keypair is one that the team may use."""
    team = facts.team
    if team is None:
        return None
    unfit = (k for k in facts.keypairs if team.id not in k.team_ids)
    what = f"not granted to the team {team.name}. Choose one that is"
    return _refuse_each(unfit, Code.KEYPAIR_NOT_ALLOWED, what)


def keypairs_are_free(facts: Facts) -> Refusal | None:
    """No other open release holds one of the keypairs (spec section 2)."""
    own = facts.release.id if facts.release else None
    holders = {holder.keypair_id: holder for holder in facts.holders}
    held = (k for k in facts.keypairs if k.held_by not in (None, own))
    return joined(keypair_in_use(k.id, k.alias, holders.get(k.id)) for k in _by_alias(held))


def keypair_in_use(keypair_id: UUID, alias: str, holder: Holder | None) -> Refusal:
    """Which release holds the keypair and until when, where the actor may see that release."""
    if holder is None:
        what = "another open release. Wait until that has ended"
    else:
        what = f"the release {holder.name} until {holder.ends_at:%Y-%m-%d %H:%M:%S} UTC. Wait"
        what += " until it has ended, close or withdraw it"
    message = f"The keypair {alias} is held by {what}, or choose another."
    return Refusal(Code.KEYPAIR_IN_USE, message, "keypair_ids", item=keypair_id)


def _refuse_each(unfit: Iterable[Keypair], code: Code, what: str) -> Refusal | None:
    return joined(
        Refusal(code, f"The keypair {keypair.alias} is {what}.", "keypair_ids", item=keypair.id)
        for keypair in _by_alias(unfit)
    )


def _by_alias(keypairs: Iterable[Keypair]) -> list[Keypair]:
    return sorted(keypairs, key=lambda keypair: keypair.alias)
