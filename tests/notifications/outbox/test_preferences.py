"""People choose what they are told; what they must not miss cannot be silenced."""

from typing import Any

import pytest

from engine.model.errors import Code
from engine.model.vocabulary import Verdict
from notifications.outbox.preferences import UpdatePreferences, chosen_by
from notifications.vocabulary import CHOOSABLE, MessageKind
from tests.support.notices import Notices
from tests.support.world import World

EMAIL = frozenset({"email"})
SILENT = frozenset[str]()


def choose(channels: frozenset[str] = EMAIL, **chosen: frozenset[str]) -> UpdatePreferences:
    return UpdatePreferences(
        chosen={MessageKind[k]: v for k, v in chosen.items()}, channels=channels
    )


def test_what_is_silenced_is_not_told_and_the_rest_is(world: World, notices: Notices) -> None:
    world.do("dev", choose(REJECTED=SILENT))
    release = world.request()
    world.decide("ann", release, Verdict.REJECT)

    # The team is told; dev, who requested it, does not want to know.
    assert notices.recipients(kind="REJECTED") == [("ann", "REJECTED"), ("bob", "REJECTED")]
    again = world.request(name="Falcon 2")
    world.do("dev", choose(REJECTED=EMAIL))
    world.decide("ann", again, Verdict.REJECT)
    hearers = {row.email for row in notices.rows(kind="REJECTED", release_id=again)}
    assert "dev@example.com" in hearers


def test_a_request_for_approval_cannot_be_silenced(world: World, notices: Notices) -> None:
    before = world.snapshot()

    refusal = world.refused("ann", choose(REQUEST=SILENT, OPENED=SILENT))

    assert refusal.code is Code.INVALID_INPUT
    assert world.snapshot() == before


def test_a_reminder_can_be_silenced_since_the_request_was_not(
    world: World, notices: Notices
) -> None:
    world.do("ann", choose(REMINDER=SILENT))

    world.request()

    assert ("ann", "REQUEST") in notices.recipients()


def test_a_way_that_is_no_more_is_replaced_by_mail(world: World, notices: Notices) -> None:
    there_were = frozenset({"email", "chat"})
    world.do("ann", choose(there_were, REQUEST=frozenset({"chat"})))

    world.request()

    assert {row.channel for row in notices.rows(user_id=world.people["ann"])} == {"email"}


@pytest.mark.parametrize("chosen", [{"SIGN_IN": EMAIL}, {"OPENED": frozenset({"webhook"})}])
def test_what_there_is_not_is_refused(world: World, chosen: dict[str, Any]) -> None:
    assert world.refused("ann", choose(**chosen)).code is Code.INVALID_INPUT


def test_a_service_user_has_nothing_to_choose(world: World) -> None:
    world.add_user("robot", "SIGNER", service=True)

    assert world.refused("robot", choose(OPENED=SILENT)).code is Code.FORBIDDEN


def test_it_is_in_the_ledger_and_nobody_is_mailed(world: World, notices: Notices) -> None:
    world.do("ann", choose(OPENED=SILENT, CLOSED=EMAIL))

    (entry,) = world.ledger(tag="preferences:updated")
    assert '"chosen":{"CLOSED":["email"],"OPENED":[]}' in entry.body
    assert notices.rows() == []


def test_ones_choice_is_ones_own(world: World) -> None:
    world.do("ann", choose(OPENED=SILENT))

    with world.system.database.reading() as connection:
        ann = chosen_by(connection, world.people["ann"])
        bob = chosen_by(connection, world.people["bob"])
    assert {kind for kind, names in ann.items() if not names} == {MessageKind.OPENED}
    assert set(bob.values()) == {EMAIL}
    assert set(ann) == set(bob) == CHOOSABLE
