"""A relay in a process of its own, to be killed: database URL, SMTP URL, seconds of a claim."""

import asyncio
import sys
from datetime import timedelta

from engine.concurrency.executor import Executor
from engine.persistence.db.database import Database
from engine.system import System
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.relay import Relay

PUBLIC = "https://countersign.example.com"


def main(database_url: str, smtp_url: str, lease: str) -> None:
    system = System(database=Database(database_url))
    policy = RetryPolicy(lease=timedelta(seconds=float(lease)))
    channel = SmtpChannel(smtp_url, "Countersign <countersign@example.com>", timeout=5)
    relay = Relay(
        system,
        Executor(system.database),
        channel,
        MessageRenderer(PUBLIC),
        b"unused",
        PUBLIC,
        policy=policy,
    )
    asyncio.run(relay.run(asyncio.Event()))


if __name__ == "__main__":
    main(*sys.argv[1:])
