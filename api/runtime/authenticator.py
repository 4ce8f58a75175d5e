"""Authenticates requests: looks up the credentials of many in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.concurrency.batching import Batcher, TakeItems
from engine.concurrency.executor import CALL_TIMEOUT_SECONDS, Executor
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.persistence.store.retry import DATABASE_UNAVAILABLE
from engine.system import System

LookUp = Callable[[Connection, Any, datetime], Principal | None]


class Authenticator:
    """Looks up the credentials of each request anew, since a revocation holds at once."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._batcher = Batcher[tuple[LookUp, Hashable], Principal | None](self._answer)

    async def of(self, look_up: LookUp, proof: Hashable) -> Principal | None:
        """Return whom this proof, mostly a secret, authenticates, or None.

        Raises:
            Refusal: OVERLOADED after too long.
        """
        try:
            # The time limit covers waiting too, behind calls that the database does not answer.
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                return await self._batcher.submit((look_up, proof))
        except TimeoutError as error:
            raise Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE) from error

    async def _answer(self, take: TakeItems[tuple[LookUp, Hashable]]) -> list[Principal | None]:
        system = self._system

        def read() -> list[Principal | None]:
            credentials = take()
            with system.database.reading() as connection:
                now = system.clock.now(connection)
                # A pipeline asks many times at once with one token.
                proven = {
                    (look_up, proof): look_up(connection, proof, now)
                    for look_up, proof in set(credentials)
                }
            return [proven[credential] for credential in credentials]

        return await self._executor.read(read)
