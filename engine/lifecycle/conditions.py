"""Conditions: which row of the lifecycle table applies. Pure predicates of the facts."""

from collections.abc import Callable

from engine.lifecycle import approvals
from engine.model.facts import Facts, labels_of
from engine.model.vocabulary import ReleaseType

Condition = Callable[[Facts], bool]


def is_offline(facts: Facts) -> bool:
    """The release would be offline."""
    return facts.draft.type is ReleaseType.OFFLINE


def needs_no_approval(facts: Facts) -> bool:
    """The release would be online or test."""
    return not is_offline(facts)


def requested_as_approved(facts: Facts) -> bool:
    """An offline request that asks to be approved at once."""
    return is_offline(facts) and facts.asks_approved


def awaits_approval(facts: Facts) -> bool:
    """An offline request that goes to its approvers."""
    return is_offline(facts) and not facts.asks_approved


def completes_the_quorum(facts: Facts) -> bool:
    """With this approval the quorum is met."""
    return approvals.resolve_with_actor(facts).is_met


def has_its_quorum(facts: Facts) -> bool:
    """The approvals of those who may approve it now meet the quorum, without a further one."""
    return approvals.resolve_as_it_stands(facts).is_met


def leaves_the_quorum_open(facts: Facts) -> bool:
    """With this approval more are still needed."""
    return not completes_the_quorum(facts)


def is_material(facts: Facts) -> bool:
    """The edit changes a field that approvers agreed to."""
    return bool(facts.changes - labels_of(facts.subject.status))


def touches_labels_only(facts: Facts) -> bool:
    """The edit changes labels alone, and approvals stay valid."""
    return not is_material(facts)


def material_edit_stays_offline(facts: Facts) -> bool:
    """Approval is still needed after it."""
    return is_material(facts) and is_offline(facts)


def reopens_approval(facts: Facts) -> bool:
    """A material edit of an approved release that its approvers must agree to anew."""
    return material_edit_stays_offline(facts) and facts.settings.reapprove_on_edit


def keeps_approval(facts: Facts) -> bool:
    """A material edit of an approved release, with `reapprove_on_edit` off."""
    return material_edit_stays_offline(facts) and not facts.settings.reapprove_on_edit


def material_edit_needs_no_approval(facts: Facts) -> bool:
    """A material edit whose outcome is online or test."""
    return is_material(facts) and needs_no_approval(facts)


def window_has_started(facts: Facts) -> bool:
    """now >= starts_at."""
    return facts.now >= facts.subject.fields.starts_at


def window_is_over(facts: Facts) -> bool:
    """now >= ends_at."""
    return facts.now >= facts.subject.fields.ends_at


def closed_early(facts: Facts) -> bool:
    """Somebody, not time, closes it."""
    return not window_is_over(facts)


def keypair_was_disabled(facts: Facts) -> bool:
    """One of the release's keypairs is disabled: it stops by itself."""
    return any(not keypair.enabled for keypair in facts.keypairs)


def stopped_by_a_person(facts: Facts) -> bool:
    """All its keypairs are enabled; a person stops it."""
    return not keypair_was_disabled(facts)
