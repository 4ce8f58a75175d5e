"""Numbers and statuses in the sentences of refusals."""

from dataclasses import replace

import pytest

from engine.commands.administration.quorum import require_possible_quorum
from engine.lifecycle import machine
from engine.lifecycle.approvals import Quorum
from engine.model.errors import Refusal
from engine.model.signing_factors import RULES, SignFacts
from engine.model.vocabulary import KeypairAccess, ReleaseType, Status, Trigger
from engine.model.wording import STATUS_PHRASES, chosen, counted, only_people
from tests.support.facts import (
    ANN,
    BOB,
    CREATOR,
    account_settings,
    actor,
    drafting,
    facts,
    keypair,
    release,
    ruled,
    teams_off,
)


def test_a_noun_has_the_form_of_its_number() -> None:
    phrases = [counted(number, "approval") for number in (0, 1, 2)]
    assert phrases == ["0 approvals", "1 approval", "2 approvals"]
    assert [counted(n, "person", "people") for n in (1, 3)] == ["1 person", "3 people"]
    assert [chosen(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
    assert [only_people(n) for n in (0, 1, 2)] == ["nobody", "only 1 person", "only 2 people"]


@pytest.mark.parametrize(
    ("required", "able", "sentence"),
    [
        (1, [], "The team blue asks for 1 approval and nobody could give one."),
        (2, [ANN], "The team blue asks for 2 approvals and only 1 person could give one."),
        (3, [ANN, BOB], "The team blue asks for 3 approvals and only 2 people could give one."),
    ],
)
def test_too_few_approvers_of_a_request(required: int, able: list[object], sentence: str) -> None:
    given = facts(None, draft_approver_ids=frozenset(able))
    assert given.team is not None
    given = replace(given, team=replace(given.team, required_approvals=required))
    refusal = machine.refusal_of(Trigger.REQUEST, given)
    assert refusal is not None
    assert refusal.message == f"{sentence} Add approvers or lower the number."


def test_too_few_approvers_of_an_account() -> None:
    given = teams_off(facts(None, draft_approver_ids=frozenset()))
    refusal = machine.refusal_of(Trigger.REQUEST, ruled(given, required_approvals=1))
    assert refusal is not None
    assert refusal.message == (
        "The account asks for 1 approval and nobody could give one."
        " Add approvers or lower the number."
    )


@pytest.mark.parametrize(
    ("quorum", "sentence"),
    [
        (Quorum(1, 0), "1 approval is required and nobody of the team could give one."),
        (Quorum(2, 1), "2 approvals are required and only 1 person of the team could give one."),
    ],
)
def test_too_few_approvers_of_a_team(quorum: Quorum, sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_possible_quorum(quorum)
    assert refused.value.message == f"{sentence} Add approvers or lower the number."


@pytest.mark.parametrize(
    ("used", "sentence"),
    [
        (1, "1 signature is used or under way. Set a maximum of at least 1."),
        (2, "2 signatures are used or under way. Set a maximum of at least 2."),
    ],
)
def test_a_maximum_below_what_is_used(used: int, sentence: str) -> None:
    given = facts(Status.IN_PROGRESS, who=ANN)
    given = replace(given, release=replace(given.subject, signatures_used=used))
    refusals = [
        guard(drafting(given, max_signatures=used - 1))
        for row in machine.TRANSITIONS
        for guard in row.guards
        if guard.__name__ == "maximum_covers_used_signatures"
    ]
    assert [refusal and refusal.message for refusal in refusals] == [sentence]


def test_a_window_without_any_length_ends_when_it_starts_and_not_before() -> None:
    given = facts(None)
    given = drafting(given, ends_at=given.draft.starts_at)
    refusal = machine.refusal_of(Trigger.REQUEST, given)
    assert refusal is not None
    assert refusal.message == "The window must end after its start. Set a later end."


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status.APPROVED, "is approved and cannot be approved again. No approval is missing."),
        (Status.ACTIVE, "is active and cannot be approved. It needs no approval."),
        (
            Status.IN_PROGRESS,
            "is in progress and cannot be approved. It needs no approval any more.",
        ),
        (Status.COMPLETED, "is completed and cannot be approved. Request a new one."),
        (Status.FAILED, "has failed and cannot be approved. Request a new one."),
        (Status.REJECTED, "was rejected and cannot be approved. Request a new one."),
    ],
)
def test_where_a_release_stands_that_cannot_be_approved(status: Status, sentence: str) -> None:
    refusal = machine.refusal_of(Trigger.APPROVE, facts(status, who=ANN))
    assert refusal is not None
    assert refusal.message == f"The release {sentence}"


@pytest.mark.parametrize(
    ("trigger", "status", "sentence"),
    [
        (Trigger.REJECT, Status.APPROVED, "is approved and cannot be rejected. Withdraw it"),
        (Trigger.REJECT, Status.IN_PROGRESS, "is in progress and cannot be rejected. Stop it"),
        (Trigger.WITHDRAW, Status.IN_PROGRESS, "is in progress and cannot be withdrawn. Close or"),
        (Trigger.CLOSE, Status.PENDING, "is pending and cannot be closed. Withdraw it instead."),
        (Trigger.STOP, Status.PENDING, "is pending and cannot be stopped. Reject or withdraw it"),
        (Trigger.STOP, Status.COMPLETED, "is completed and cannot be stopped. Nothing is signed"),
        (Trigger.REJECT, Status.REJECTED, "was rejected and cannot be rejected again. Nothing is"),
    ],
)
def test_what_to_do_instead(trigger: Trigger, status: Status, sentence: str) -> None:
    refusal = machine.refusal_of(trigger, facts(status, who=ANN))
    assert refusal is not None
    assert refusal.message.startswith(f"The release {sentence}")


def test_every_step_that_an_open_release_forbids_people_has_another_instead() -> None:
    triggers = {Trigger.APPROVE, Trigger.REJECT, Trigger.WITHDRAW, Trigger.CLOSE, Trigger.STOP}
    allowed = {(row.trigger, row.source) for row in machine.TRANSITIONS}
    open_ones = [status for status in Status if not status.is_final]
    forbidden = {(trigger, status) for trigger in triggers for status in open_ones} - allowed
    assert machine._INSTEAD.keys() == forbidden


def test_where_a_release_stands_whose_fields_are_locked() -> None:
    refusal = machine.refusal_of(Trigger.REVISE, drafting(facts(Status.FAILED), max_signatures=11))
    assert refusal is not None
    assert refusal.message == "The release has failed, so you cannot change: max_signatures."


def test_every_status_and_every_trigger_has_its_words() -> None:
    assert STATUS_PHRASES.keys() == set(Status)
    assert machine._PARTICIPLES.keys() == set(Trigger)


def signing(maximum: int, used: int, status: Status = Status.IN_PROGRESS) -> SignFacts:
    found = release(status, signatures_used=used)
    found = replace(found, fields=replace(found.fields, max_signatures=maximum))
    return SignFacts(
        now=found.fields.starts_at,
        settings=account_settings(),
        actor=actor(CREATOR),
        keypair=keypair(ReleaseType.OFFLINE, access=KeypairAccess.OPEN),
        release=found,
    )


MORE_SIGNATURES = " Ask an approver to raise the maximum, or close the release and request another."


@pytest.mark.parametrize(
    ("maximum", "used", "detail"),
    [
        (1, 0, "The only signature of Falcon 1.0 is left."),
        (1, 1, "The only signature of Falcon 1.0 is used or under way." + MORE_SIGNATURES),
        (2, 1, "Of the 2 signatures of Falcon 1.0 some are left."),
        (2, 2, "All 2 signatures of Falcon 1.0 are used or under way." + MORE_SIGNATURES),
    ],
)
def test_signatures_left_in_a_release(maximum: int, used: int, detail: str) -> None:
    (rule,) = [rule for rule in RULES if rule.name == "signature_left"]
    assert rule.check(signing(maximum, used)) == (used < maximum, detail)


def test_a_release_that_has_failed_holds_no_window_open() -> None:
    (rule,) = [rule for rule in RULES if rule.name == "release_window_open"]
    passed, detail = rule.check(signing(1, 0, Status.FAILED))
    assert not passed
    assert detail.startswith("The release Falcon 1.0 has failed; its window is ")
