"""Many messages: each exactly where it belongs, and none lost to a killed relay."""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.concurrency.executor import Executor
from engine.persistence.db.database import Database
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.system import System
from notifications import tables as n
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.relay import Relay
from notifications.vocabulary import EMAIL, DeliveryState, MessageKind
from tests.support import relay_process
from tests.support.mails import SENDER
from tests.support.message_facts import facts
from tests.support.smtp_server import Inbox, smtp_server
from tests.support.world import World, make_world

pytestmark = [pytest.mark.long, pytest.mark.anyio]
PUBLIC = "https://countersign.example.com"
#: Seconds for each mail: a machine that stands still for a while sends none of them twice.
PATIENCE = 150
KILLS = 20
#: By this many mails a relay is killed, and what it has under way may still arrive: of 500 mails
#: some are left at each of the kills.
LAST_MAIL = 12


def fill(world: World, people: int, each: int, host: str = "example.com") -> None:
    """Queue messages for people; the subject says which it is."""
    now = datetime.now(UTC)
    users, rows = [], []
    for number in range(people):
        user_id, address = uuid7(), f"user{number}@{host}"
        users.append(
            {
                "id": user_id,
                "account_id": world.account_id,
                "email": address,
                "email_key": address,
                "name": f"User {number}",
                "time_zone": "UTC",
                "locale": "en",
                "active": True,
                "service": False,
                "created_at": now,
            }
        )
        rows += [
            {
                "id": uuid7(),
                "account_id": world.account_id,
                "user_id": user_id,
                "channel": EMAIL,
                "kind": MessageKind.OPENED,
                "audiences": "PARTICIPANT",
                "facts": facts(release={"name": f"Message {message} for user{number}"}),
                "state": DeliveryState.QUEUED,
                "attempts": 0,
                "next_attempt_at": now,
                "created_at": now,
            }
            for message in range(each)
        ]
    with world.system.database.writing() as connection:
        connection.execute(t.users.insert(), users)
        connection.execute(n.deliveries.insert(), rows)
        connection.commit()


def states(database: Database) -> dict[str, int]:
    d = n.deliveries
    query = sa.select(d.c.state, sa.func.count()).group_by(d.c.state)
    with database.reading() as connection:
        return {str(state): count for state, count in connection.execute(query)}


def right_places(inbox: Inbox) -> Counter[tuple[str, str]]:
    """(recipient, subject) of everything that came; each is for whom it says."""
    found: Counter[tuple[str, str]] = Counter()
    for recipient, mail in inbox.mails:
        name = recipient.partition("@")[0]
        assert mail["Subject"].endswith(f" for {name}")
        assert mail["To"].addresses[0].addr_spec == recipient
        found[recipient, mail["Subject"]] += 1
    return found


def patient_relay(database: Database, channel: SmtpChannel) -> Relay:
    """A relay that holds what it claims for as long as its channel may take, and longer."""
    return Relay(
        System(database=database),
        Executor(database),
        channel,
        MessageRenderer(PUBLIC),
        b"unused",
        PUBLIC,
        policy=RetryPolicy(lease=timedelta(seconds=4 * PATIENCE)),
    )


async def test_a_thousand_messages_to_two_hundred_people(
    database: Database, record_property: Any
) -> None:
    world = make_world(database)
    fill(world, people=200, each=5)
    async with smtp_server() as inbox:
        channel = SmtpChannel(inbox.url, SENDER, timeout=PATIENCE)
        relay = patient_relay(database, channel)
        began = time.perf_counter()
        assert await relay.run_once() == 1000
        record_property("seconds", time.perf_counter() - began)
        await channel.close()

        found = right_places(inbox)
        assert len(found) == 1000
        assert set(found.values()) == {1}
        assert inbox.connections <= 16
    assert states(database) == {"SENT": 1000}


@pytest.mark.timeout(300)
async def test_a_relay_killed_again_and_again_loses_nothing(
    database: Database, database_url: str, record_property: Any
) -> None:
    world = make_world(database)
    fill(world, people=100, each=5)
    random_points = random.Random(20300603)
    async with smtp_server() as inbox:
        inbox.delay = 0.02
        for _ in range(KILLS):
            await dies_at_random(random_points, database_url, inbox)
            assert states(database)["QUEUED"] > 0
        channel = SmtpChannel(inbox.url, SENDER, timeout=PATIENCE)
        relay = patient_relay(database, channel)
        inbox.delay = 0
        while states(database).get("QUEUED"):
            await relay.run_once()
            await asyncio.sleep(0.1)
        await channel.close()

        found = right_places(inbox)
        ids = {mail["Message-ID"] for _, mail in inbox.mails}
        repeats = len(inbox.mails) - 500
    record_property("repeats", repeats)
    print(f"{KILLS} kills, 500 messages, {repeats} repeats")  # noqa: T201
    assert len(found) == len(ids) == 500
    # At most what was under way at each kill.
    assert 0 <= repeats <= KILLS * 16
    assert states(database) == {"SENT": 500}


async def dies_at_random(random_points: random.Random, database_url: str, inbox: Inbox) -> None:
    """Started, and killed some time after one of its first mails."""
    ripe = asyncio.Event()
    left = random_points.randint(1, LAST_MAIL)

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            ripe.set()

    inbox.on_mail = count
    script = Path(relay_process.__file__)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        database_url,
        inbox.url,
        "4",
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    try:
        await asyncio.wait_for(ripe.wait(), 120)
        await asyncio.sleep(random_points.uniform(0, 0.02))
    finally:
        process.kill()
        await process.wait()
