"""Whatever a mail server does at whichever moment: the right outcome, and nobody else is harmed."""

import re
from collections.abc import Iterator

import pytest

from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from tests.support.databases import Templates
from tests.support.faulty_smtp_server import CLOSE, HANG, unruly
from tests.support.notices import LINK_KEY, Notices, with_outbox
from tests.support.world import World

pytestmark = pytest.mark.anyio
PUBLIC = "https://countersign.example.com"
SENDER = "Countersign <countersign@example.com>"
#: Once the server knows what it is about, its refusal is final; before, it is about us.
ABOUT_THE_MESSAGE = ("RCPT", "DATA", "end")
#: Seconds of silence after which a server is given up on: enough for one that is only slow.
PATIENCE = 0.8
ABOUT_US = ("greeting", "EHLO", "MAIL")
SAYING = {
    "421 4.3.2 Closing": "421 4.3.2 Closing",
    "450 4.2.1 Try later": "450 4.2.1 Try later",
    "550 5.1.1 No such user": "550 5.1.1 No such user",
    CLOSE: r".+",
    HANG: f"no answer within {PATIENCE} seconds",
}


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    """On SQLite alone: what is tried here is the server."""
    with templates.world("sqlite") as world:
        yield with_outbox(world)


def cases() -> Iterator[tuple[str, str]]:
    for moment in (*ABOUT_US, *ABOUT_THE_MESSAGE):
        for reply in SAYING:
            # To an EHLO that is refused there is still HELO.
            if moment != "EHLO" or reply in (CLOSE, HANG):
                yield moment, reply
    for reply in (CLOSE, HANG):  # in the middle of it there is nothing to say
        yield "content", reply


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(("moment", "reply"), list(cases()))
async def test_the_right_outcome_and_others_unharmed(
    world: World, notices: Notices, moment: str, reply: str, concurrency: int
) -> None:
    for name in ("cat", "kim", "lou"):
        world.add_user(name, "LEAD")
    world.set_team("blue", members=["ann", "bob", "cat", "dev", "kim", "lou"])
    with world.system.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM deliveries")
        connection.commit()
    world.request()
    async with unruly(moment, reply) as server:
        channel = SmtpChannel(server.url, SENDER, connections=concurrency, timeout=PATIENCE)
        relay = Relay(
            world.system,
            world.executor,
            channel,
            MessageRenderer(PUBLIC),
            LINK_KEY,
            PUBLIC,
            concurrency=concurrency,
        )

        await relay.run_once()

        (unlucky,) = [row for row in notices.rows(kind="REQUEST") if row.state != "SENT"]
        final = reply.startswith("550") and moment in ABOUT_THE_MESSAGE
        assert unlucky.state == ("FAILED" if final else "QUEUED")
        assert re.fullmatch(SAYING[reply], unlucky.last_error)
        if moment not in ABOUT_US:
            assert unlucky.email == "ann@example.com"
        # The requester and the administrator are told of who was not reached.
        informed = {"admin@example.com", "dev@example.com"} if final else set()
        assert len(server.took) == len(set(server.took)) == 4 + len(informed)
        assert informed <= set(server.took)

        server.moment = "never"
        world.clock.pass_(seconds=6)
        await relay.run_once()
        await relay._finish()
        assert len(server.took) == len(set(server.took)) == (6 if final else 5)
        assert {row.state for row in notices.rows()} == ({"SENT", "FAILED"} if final else {"SENT"})
