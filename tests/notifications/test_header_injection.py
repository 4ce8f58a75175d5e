"""Every field that a user controls, with whatever could begin another header or recipient."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from engine.commands.api_tokens import CreateApiToken
from engine.commands.create_team import CreateTeam
from engine.commands.create_user import CreateUser
from engine.commands.decide import Decide
from engine.commands.request_release import RequestRelease
from engine.commands.revise_release import ReviseRelease
from engine.commands.roles import CreateRole
from engine.commands.stop_release import StopRelease
from engine.commands.update_keypair import UpdateKeypair
from engine.commands.update_team import UpdateTeam
from engine.commands.update_user import UpdateUser
from engine.commands.withdraw_release import WithdrawRelease
from engine.errors import Code, Refusal
from engine.persistence.database import Database
from engine.vocabulary import Status, Verdict
from notifications.channels.smtp import SmtpChannel
from notifications.messages import Writer
from notifications.relay import Relay
from notifications.webhooks.create import CreateWebhook
from tests.notifications.notices import LINK_KEY, outbox_world
from tests.notifications.smtp_server import Inbox, smtp_server
from tests.support.databases import Templates
from tests.support.world import World

ENDINGS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x00", "\x1c", "\x85", "\u2028", "\u2029"]
#: Of headers these and no others are in any mail.
HEADERS = {
    "to", "message-id", "from", "subject", "date", "in-reply-to", "references", "mime-version",
    "auto-submitted", "x-auto-response-suppress", "content-type",
}  # fmt: skip
PUBLIC = "https://countersign.example.com"
Making = Callable[[World, str], tuple[str, Any]]

ONE_LINE: dict[str, Making] = {
    "user's name": lambda w, it: ("admin", CreateUser(email="x@example.com", name=it, roles=())),
    "user's address": lambda w, it: ("admin", CreateUser(email=it, name="X", roles=())),
    "user's new name": lambda w, it: ("ann", UpdateUser(user_id=w.people["ann"], name=it)),
    "user's locale": lambda w, it: ("ann", UpdateUser(user_id=w.people["ann"], locale=it)),
    "user's zone": lambda w, it: ("ann", UpdateUser(user_id=w.people["ann"], time_zone=it)),
    "role": lambda w, it: ("admin", CreateRole(name=it, permissions=frozenset())),
    "team": lambda w, it: ("admin", _team(it)),
    "team's new name": lambda w, it: ("admin", UpdateTeam(team_id=w.things["blue"], name=it)),
    "keypair": lambda w, it: ("admin", UpdateKeypair(keypair_id=w.things["vault"], alias=it)),
    "token": lambda w, it: ("ann", CreateApiToken(name=it)),
    "webhook": lambda w, it: ("admin", _webhook(name=it)),
    "webhook's address": lambda w, it: ("admin", _webhook(url=f"https://example.com/{it}")),
    "release": lambda w, it: ("dev", RequestRelease(fields=w.fields(name=it))),
    "version": lambda w, it: ("dev", RequestRelease(fields=w.fields(version=it))),
}


def _team(name: str) -> CreateTeam:
    return CreateTeam(
        name=name, member_ids=frozenset(), keypair_ids=frozenset(), required_approvals=1
    )


def _webhook(**more: str) -> CreateWebhook:
    return CreateWebhook(**({"name": "X", "url": "https://example.com/"} | more), key=bytes(32))


@pytest.fixture(scope="module")
def quiet_world(templates: Templates) -> Any:
    """On SQLite alone, for tests that change nothing in it."""
    with templates.fresh("sqlite") as url:
        database = Database(url)
        yield outbox_world(database)
        database.dispose()


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
@pytest.mark.parametrize("field", ONE_LINE)
def test_what_is_one_line_is_refused_with_another_in_it(
    quiet_world: World, field: str, ending: str
) -> None:
    before = quiet_world.snapshot()

    who, command = ONE_LINE[field](quiet_world, f"ann@example.com{ending}Bcc: eve@example.com")

    assert quiet_world.refused(who, command).code is Code.INVALID_INPUT
    assert quiet_world.snapshot() == before


@pytest.mark.anyio
@pytest.mark.parametrize("ending", [*ENDINGS, "=?utf-8?q?=0d=0a?=", ", ", '" <eve@example.com>, "'])
async def test_no_text_adds_a_header_or_a_recipient(templates: Templates, ending: str) -> None:
    with templates.fresh("sqlite") as url:
        database = Database(url)
        world = outbox_world(database)
        evil = f"X{ending}Bcc: eve@example.com{ending}{ending}<b>{ending}.{ending}QUIT"
        everything(world, evil)
        async with smtp_server() as inbox:
            channel = SmtpChannel(inbox.url, "Countersign <countersign@example.com>", timeout=5)
            relay = Relay(world.system, channel, Writer(PUBLIC), LINK_KEY, PUBLIC)
            await relay.run_once()
            await relay._finish()
            check(inbox)
        database.dispose()


def everything(world: World, evil: str) -> None:
    """Every text that gets into mails; what is refused is said in a harmless way instead."""

    def say(who: str, command: Callable[[str], Any]) -> Any:
        try:
            return world.do(who, command(evil))
        except Refusal:
            return world.do(who, command("fine"))

    def ask(name: str) -> Any:
        return say("dev", lambda it: RequestRelease(fields=world.fields(name=name, note=it)))

    for making in ONE_LINE.values():
        with suppress(Refusal):
            who, command = making(world, evil)
            world.do(who, command)
    for entry in world.ledger(tag="release:requested"):
        if world.release(entry.release_id).status is Status.PENDING:
            world.do("dev", WithdrawRelease(release_id=entry.release_id, reason="fine"))
    first = ask("First")
    changes = {"max_signatures": 7}
    say(
        "dev",
        lambda it: ReviseRelease(release_id=first, revision=1, changes={"note": it} | changes),
    )
    say("ann", lambda it: Decide(release_id=first, revision=2, verdict=Verdict.APPROVE, comment=it))
    say("dev", lambda it: WithdrawRelease(release_id=first, reason=it))
    second = ask("Second")
    say("bob", lambda it: Decide(release_id=second, revision=1, verdict=Verdict.REJECT, comment=it))
    third = world.approved(name="Third")
    world.clock.pass_(hours=1)
    say("ann", lambda it: StopRelease(release_id=third, reason=it))


def check(inbox: Inbox) -> None:
    """Each mail has one recipient, the one it was handed in for, and our headers only."""
    assert len(inbox.mails) > 12
    known = {f"{name}@example.com" for name in ("admin", "ann", "bob", "dev", "eve")}
    for recipient, mail in inbox.mails:
        assert recipient in known - {"eve@example.com"}
        assert {name.lower() for name in mail.keys()} <= HEADERS  # noqa: SIM118
        assert [one.addr_spec for one in mail["To"].addresses] == [recipient]
        assert [one.addr_spec for one in mail["From"].addresses] == ["countersign@example.com"]
        assert all(mail.get_all(name, []) == [mail[name]] for name in HEADERS if name in mail)
        assert "\n" not in mail["Subject"]
        assert mail.defects == []
