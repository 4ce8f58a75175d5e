"""Whoever is added to an account is told so once: by whom, and where to sign in."""

import pytest

from engine.commands.administration.account import create_account
from engine.commands.administration.users import UpdateUser
from engine.model.errors import Code
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import DeliveryState, MessageKind
from tests.support.deliverer import Deliverer
from tests.support.notices import Notices
from tests.support.world import World

PUBLIC = "https://countersign.example.com"


def invitation(notices: Notices, language: str = "en") -> str:
    """The only invitation as it is read, its subject first."""
    (row,) = notices.rows(kind=MessageKind.INVITATION)
    reader = Reader(language=language, audiences=row.audiences, account_id=row.account_id)
    message = MessageRenderer(PUBLIC).render(MessageKind.INVITATION, row.facts, reader)
    assert message.fault is None
    assert f'href="{PUBLIC}/sign-in?address=meg%40example.com"' in message.html
    return f"{message.subject}\n{message.text}"


def test_a_new_person_is_told_who_added_them_and_where_to_sign_in(
    world: World, notices: Notices
) -> None:
    world.add_user("meg", "DEVELOPER")

    text = invitation(notices)
    assert text.startswith("You are invited to Acme on Countersign\n")
    assert "admin (admin@example.com) added you to the account Acme on Countersign" in text
    assert f"Sign in:\n{PUBLIC}/sign-in?address=meg%40example.com\n" in text
    assert "a link that works once, for 15 minutes" in text
    assert "You get this once, because admin (admin@example.com) added your address" in text
    german = invitation(notices, "de")
    assert german.startswith("Sie sind zu Acme bei Countersign eingeladen\n")
    assert "admin (admin@example.com) hat Sie in das Konto Acme bei Countersign aufgen" in german
    assert f"Anmelden:\n{PUBLIC}/sign-in?address=meg%40example.com\n" in german


def test_each_new_person_gets_one_mail_and_administrators_not_a_second(
    world: World, notices: Notices
) -> None:
    world.add_user("meg", "ADMIN")
    world.add_user("zoe", "DEVELOPER")

    assert notices.recipients(kind=MessageKind.INVITATION) == [
        ("meg", "INVITATION"),
        ("zoe", "INVITATION"),
    ]
    # That Zoe was added is news to Meg; that she was herself, is not.
    assert notices.recipients(kind=MessageKind.ADMINISTERED) == [("meg", "ADMINISTERED")]

    world.do("admin", UpdateUser(user_id=world.people["zoe"], active=False))
    world.do("admin", UpdateUser(user_id=world.people["zoe"], active=True, name="Zoe Z"))
    assert len(notices.rows(kind=MessageKind.INVITATION)) == 2


def test_a_service_user_gets_none(world: World, notices: Notices) -> None:
    world.add_user("ci", "SIGNER", service=True)
    assert notices.rows(kind=MessageKind.INVITATION) == []


def test_who_is_deactivated_at_once_gets_none(world: World, notices: Notices) -> None:
    world.add_user("meg", "DEVELOPER")
    world.do("admin", UpdateUser(user_id=world.people["meg"], active=False))

    post = Deliverer(world)
    assert post.run() == []
    (row,) = notices.rows(kind=MessageKind.INVITATION)
    assert (row.state, row.last_error) == (
        DeliveryState.VOID,
        "the recipient is not active any more",
    )


def test_who_was_refused_gets_none(world: World, notices: Notices) -> None:
    with pytest.raises(Exception, match="Another user has this address") as refused:
        world.add_user("ann", "DEVELOPER")
    assert refused.value.code is Code.NAME_TAKEN  # type: ignore[attr-defined]
    assert notices.rows(kind=MessageKind.INVITATION) == []


def test_the_first_administrator_is_invited_by_an_operator(world: World, notices: Notices) -> None:
    account = create_account(world.system, "Other", "meg@example.com")

    (row,) = notices.rows(kind=MessageKind.INVITATION)
    assert (row.user_id, row.account_id) == (account.user_id, account.account_id)
    text = invitation(notices)
    assert text.startswith("You are invited to Other on Countersign\n")
    assert "An operator added you to the account Other on Countersign" in text
    assert "because an operator added your address to this account" in text
    assert "Ein Betreiber hat Sie in das Konto Other" in invitation(notices, "de")
