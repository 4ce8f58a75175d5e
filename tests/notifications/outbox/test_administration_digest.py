"""Administrators get one mail for what is changed within a minute, and none of their own deeds."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import CreateUser, UpdateUser
from notifications.content.writer import MessageRenderer, Reader
from notifications.delivery.resend import ResendDelivery
from notifications.outbox import administration_digest
from notifications.outbox.administration_digest import MAX_CHARACTERS
from notifications.vocabulary import DeliveryState, MessageKind
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.deliverer import Deliverer
from tests.support.notices import LINK_KEY, Notices, add_administrator
from tests.support.world import World


@pytest.fixture
def meg(world: World) -> UUID:
    """Another administrator, to whom nothing is queued."""
    return add_administrator(world)


def text_to(post: Deliverer, name: str, language: str = "en") -> str:
    """The newest message to a person as they read it, its subject first."""
    row = [row for row in post.sent if row.email.startswith(f"{name}@")][-1]
    reader = Reader(language=language, audiences=row.audiences)
    message = MessageRenderer("https://x.example.com").render(
        MessageKind(row.kind), row.facts, reader
    )
    assert message.fault is None
    return f"{message.subject}\n{message.text}"


def test_25_new_users_are_one_mail(
    world: World, meg: UUID, notices: Notices, post: Deliverer
) -> None:
    for number in range(25):
        world.add_user(f"new{number}", "DEVELOPER")
        world.clock.pass_(seconds=2)
    assert post.run() == [MessageKind.INVITATION] * 25

    world.clock.pass_(minutes=1)
    assert post.run() == [MessageKind.ADMINISTERED]

    assert post.kinds_for("meg") == [MessageKind.ADMINISTERED]
    text = text_to(post, "meg")
    assert text.startswith("25 changes of Acme\n")
    for number in range(25):
        assert f"User added: New{number} (new{number}@example.com)\n" in text
    # Each with who did it and when.
    assert text.count("By admin (admin@example.com) on Mon 3 Jun 2030, 12:00") == 25
    assert text_to(post, "meg", "de").startswith("25 Änderungen an Acme\n")
    assert len(notices.rows(state=DeliveryState.VOID)) == 24
    assert notices.rows(state=DeliveryState.QUEUED) == []


def test_one_change_is_told_as_it_was(world: World, meg: UUID, post: Deliverer) -> None:
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eva"))
    world.clock.pass_(minutes=1)
    post.run()

    assert text_to(post, "meg").startswith("User changed: Eva (eve@example.com)\n")


def test_each_is_told_what_others_did(world: World, meg: UUID, post: Deliverer) -> None:
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eva"))
    world.do("meg", UpdateUser(user_id=world.people["dev"], name="Devi"))
    world.do("ann", UpdateUser(user_id=world.people["ann"], name="Anna"))
    world.clock.pass_(minutes=1)
    post.run()

    assert text_to(post, "meg").startswith("2 changes of Acme\n")
    assert "Devi" not in text_to(post, "meg")
    assert text_to(post, "admin").startswith("2 changes of Acme\n")
    assert "Eva" not in text_to(post, "admin")


def test_what_comes_later_comes_with_the_next(world: World, meg: UUID, post: Deliverer) -> None:
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eva"))
    world.clock.pass_(minutes=1)
    post.run()
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Ewa"))
    assert post.run() == []
    world.clock.pass_(minutes=1)
    post.run()

    assert post.kinds_for("meg") == [MessageKind.ADMINISTERED] * 2


def test_nothing_is_lost_where_the_first_has_to_be_tried_again(
    world: World, meg: UUID, post: Deliverer
) -> None:
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eva"))
    world.do("admin", UpdateUser(user_id=world.people["dev"], name="Devi"))
    world.clock.pass_(minutes=1)
    post.run(lambda _: "451 Later")
    world.do("admin", UpdateUser(user_id=world.people["bob"], name="Bobby"))
    for _ in range(10):
        world.clock.pass_(seconds=20)
        post.run()

    assert post.kinds_for("meg") == [MessageKind.ADMINISTERED] * 2
    every = "".join(row.facts for row in post.sent)
    assert all(every.count(f'"name":"{name} (') for name in ("Eva", "Devi", "Bobby"))


def test_more_than_fit_come_with_another(world: World, meg: UUID, post: Deliverer) -> None:
    for number in range(101):
        world.do("admin", UpdateUser(user_id=world.people["eve"], name=f"Eve {number}"))
    world.clock.pass_(minutes=2)
    post.run()

    assert post.kinds_for("meg") == [MessageKind.ADMINISTERED] * 2
    listed = [row.facts.count('"tag":"user:updated"') for row in post.sent]
    # The last is told of at the top of the list's message, too.
    assert sorted(listed) == [1, 101]


@POSTGRESQL_IS_LONG
def test_what_would_make_it_too_large_comes_with_another(
    world: World, meg: UUID, notices: Notices, post: Deliverer
) -> None:
    # Large changes: many people with long names join a team, and leave it.
    people = [(f"n{n}@example.com", f"{n} {'x' * 190}") for n in range(60)]
    users = [CreateUser(email=email, name=name, roles=["DEVELOPER"]) for email, name in people]
    long = {world.do("admin", user) for user in users}
    world.clock.pass_(minutes=2)
    post.run()
    blue, before = world.things["blue"], len(post.sent)
    members = frozenset(world.people[name] for name in ("dev", "ann", "bob"))
    for _ in range(10):
        world.do("admin", UpdateTeam(team_id=blue, member_ids=members | long))
        world.do("admin", UpdateTeam(team_id=blue, member_ids=members))

    while notices.rows(state=DeliveryState.QUEUED):
        world.clock.pass_(minutes=2)
        post.run()

    digests = [row.facts for row in post.sent[before:] if row.kind == MessageKind.ADMINISTERED]
    changes = [json.loads(facts).get("listed", [None]) for facts in digests]
    assert sum(map(len, changes)) == 20
    assert 1 < len(digests) < 20
    assert max(map(len, digests)) <= MAX_CHARACTERS * 1.5


def test_one_change_is_told_however_large(
    world: World, meg: UUID, notices: Notices, post: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration_digest, "MAX_CHARACTERS", 1)
    for number in range(3):
        world.do("admin", UpdateUser(user_id=world.people["eve"], name=f"Eve {number}"))
    world.clock.pass_(minutes=2)
    post.run()

    assert post.kinds_for("meg") == [MessageKind.ADMINISTERED] * 3
    assert [f'"after":"Eve {n}"' in row.facts for n, row in enumerate(post.sent)] == [True] * 3


def test_a_digest_is_sent_again_as_it_was(
    world: World, meg: UUID, notices: Notices, post: Deliverer
) -> None:
    for name in ("Eva", "Ewa"):
        world.do("admin", UpdateUser(user_id=world.people["eve"], name=name))
    world.clock.pass_(minutes=1)
    post.run()
    (sent,) = notices.rows(state=DeliveryState.SENT)
    world.clock.pass_(hours=1)
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eve"))
    world.do("admin", ResendDelivery(delivery_id=sent.id, release_id=None, link_key=LINK_KEY))

    post.run()

    assert [row.facts for row in post.sent] == [sent.facts, sent.facts]
    (waiting,) = notices.rows(state=DeliveryState.QUEUED)
    assert waiting.next_attempt_at == world.clock.instant + timedelta(minutes=1)


def test_names_stay_text(world: World, meg: UUID, post: Deliverer) -> None:
    for name in ("<img src=x>", "{{ 7 * 7 }}"):
        world.do("admin", UpdateUser(user_id=world.people["eve"], name=name))
    world.clock.pass_(minutes=1)
    post.run()

    (row,) = post.sent
    message = MessageRenderer("https://x.example.com").render(
        MessageKind.ADMINISTERED, row.facts, Reader()
    )
    assert "User changed: <img src=x>" in message.text
    assert "User changed: {{ 7 * 7 }}" in message.text
    assert "&lt;img src=x&gt;" in message.html
    assert "<img" not in message.html
