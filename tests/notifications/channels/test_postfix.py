"""Against a real mail server: STARTTLS, AUTH, and a thousand messages, each where it belongs."""

import ssl
import time
from typing import Any

import pytest

from engine.concurrency.executor import Executor
from engine.persistence.db.database import Database
from engine.system import System
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from tests.notifications.delivery.test_many import PUBLIC, fill, states
from tests.support.postfix import running_postfix, why_not
from tests.support.world import make_world

pytestmark = pytest.mark.long

SENDER = "Countersign <countersign@example.com>"
needs_postfix = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@needs_postfix
@pytest.mark.anyio
@pytest.mark.timeout(180)
async def test_a_thousand_messages_to_two_hundred_mailboxes(
    database: Database, record_property: Any
) -> None:
    world = make_world(database)
    fill(world, people=200, each=5)
    async with running_postfix([f"user{number}" for number in range(200)]) as postfix:
        trusting = ssl.create_default_context(cafile=str(postfix.certificate))
        channel = SmtpChannel(postfix.url, SENDER, tls_context=trusting)
        relay = Relay(
            System(database=database),
            Executor(database),
            channel,
            MessageRenderer(PUBLIC),
            b"unused",
            PUBLIC,
        )
        began = time.perf_counter()
        assert await relay.run_once() == 1000
        record_property("seconds", time.perf_counter() - began)
        await channel.close()
        assert states(database) == {"SENT": 1000}
        assert await postfix.delivered(1000, seconds=120)

        for number in range(200):
            subjects = sorted(mail["Subject"] for mail in postfix.mails(f"user{number}"))
            assert subjects == [f"Open: Message {each} for user{number}" for each in range(5)]
        assert postfix.count() == 1000
