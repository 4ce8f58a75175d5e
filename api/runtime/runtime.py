"""The parts of a running process: the engine, its threads, and how to reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from api.observability.meter import Meter, OperationKind
from api.observability.signer_health import SignerHealth
from api.runtime.authenticator import Authenticator
from api.runtime.change_notifier import ChangeNotifier
from api.runtime.channels import MessageSettings
from api.runtime.credential_usage import CredentialUsage
from api.runtime.host_people import HostPeople
from api.runtime.pipeline_settings import PipelineSettings
from api.web.http.browser import Browser
from engine.commands.command import Command, execute
from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.model.principal import Principal
from engine.queries.context import QueryContext, read
from engine.signing.service import SigningService
from engine.system import System
from notifications.delivery.wakeup import Wakeup

if TYPE_CHECKING:
    from api.timestamps.authority import TimeStampAuthority
    from engine.persistence.db.pg_notify import PgListener, PgNotifier

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Runtime:
    """The engine for callers on an event loop; each call is one hop to a thread."""

    system: System
    executor: Executor
    gate: SigningService
    #: Wakes subscribers after a commit, here or in another process.
    change_notifier: ChangeNotifier = field(default_factory=ChangeNotifier)
    #: Wakes the relay after a commit.
    outbox: Wakeup = field(default_factory=Wakeup)
    #: Notifies other processes of this one's commits, where the database can.
    notifier: PgNotifier | None = None
    #: Receives their notifications, where the database can and no pooler stands between.
    listener: PgListener | None = None
    #: Which tokens and sessions were used, to be written down now and then.
    credential_usage: CredentialUsage = field(default_factory=CredentialUsage)
    #: How browsers are recognised; without it only tokens are taken.
    browser: Browser | None = None
    #: Who the people of an application are that this one is mounted in.
    host_people: HostPeople | None = None
    #: What this process has done, for an operator to see.
    meter: Meter = field(default_factory=Meter)
    #: What sends messages to people and webhooks; without it nothing of that can be changed.
    message_settings: MessageSettings | None = None
    #: How pipelines prove themselves.
    pipelines: PipelineSettings = field(default_factory=PipelineSettings)
    #: Stamps signatures with the time, where an operator has set an authority up.
    time_stamps: TimeStampAuthority | None = None
    #: Set when the server is about to end: streams of events end then, too.
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    #: Who credentials prove.
    authenticator: Authenticator = field(init=False)
    #: Whether devices that hold keys could sign.
    signer_health: SignerHealth = field(init=False)

    def __post_init__(self) -> None:
        """Build the parts that are made of others."""
        object.__setattr__(self, "authenticator", Authenticator(self.system, self.executor))
        object.__setattr__(self, "signer_health", SignerHealth(self.system.signers))

    def committed(self, account_id: UUID) -> None:
        """Wake subscribers and the relay after a commit, in this process or another."""
        self.change_notifier(account_id)
        self.outbox(account_id)

    async def execute(self, principal: Principal, command: Command[Answer]) -> Answer:
        """Run a command; raises its `Refusal`."""
        run = partial(execute, self.system, principal, command)
        with self.meter.operation(OperationKind.COMMAND, type(command).__name__):
            if command.is_slow:
                return await self.executor.run_blocking(run)
            return await self.executor.write(run, principal.account_id)

    async def read(self, principal: Principal, query: Callable[[QueryContext], Answer]) -> Answer:
        """Run a query; raises its `Refusal`."""
        with self.meter.operation(OperationKind.QUERY, "read"):
            return await self.executor.read(lambda: read(self.system, principal, query))

    async def read_as_system(self, query: Callable[[Connection, datetime], Answer]) -> Answer:
        """Run a query that is bound to no principal, at the present instant.

        It sees everything: whoever calls it decides what of the answer may be shown, and to whom.
        Sign-in and the pages behind links need it before anybody is authenticated.

        Raises:
            Refusal: OVERLOADED or STORAGE_FAILED.
        """
        database, clock = self.system.database, self.system.clock

        def run() -> Answer:
            with database.reading() as connection:
                return query(connection, clock.now(connection))

        with self.meter.operation(OperationKind.QUERY, "read"):
            return await self.executor.read(run)

    async def change_as_system(self, change: Callable[[Connection, datetime], Answer]) -> Answer:
        """Make a change that is no person's command and leaves no ledger entry, and commit it.

        Raises:
            Refusal: OVERLOADED or STORAGE_FAILED.
        """
        database, clock = self.system.database, self.system.clock

        def run() -> Answer:
            return bare_transaction(
                database, lambda connection: change(connection, clock.now(connection))
            )

        with self.meter.operation(OperationKind.COMMAND, "change"):
            return await self.executor.write(run)
