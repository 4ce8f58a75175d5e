"""Against a real mail server: STARTTLS, AUTH, and a thousand messages, each where it belongs."""

import ssl
import time
from typing import Any

import pytest

from engine.persistence.db.database import Database
from notifications.channels.smtp import SmtpChannel
from tests.notifications.delivery.test_many import PATIENCE, fill, patient_relay, states
from tests.support.mails import SENDER
from tests.support.postfix import running_postfix, why_not
from tests.support.world import make_world

pytestmark = pytest.mark.long

needs_postfix = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@needs_postfix
@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_a_thousand_messages_to_two_hundred_mailboxes(
    database: Database, record_property: Any
) -> None:
    world = make_world(database)
    fill(world, people=200, each=5)
    async with running_postfix([f"user{number}" for number in range(200)]) as postfix:
        trusting = ssl.create_default_context(cafile=str(postfix.certificate))
        channel = SmtpChannel(postfix.url, SENDER, timeout=PATIENCE, tls_context=trusting)
        relay = patient_relay(database, channel)
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
