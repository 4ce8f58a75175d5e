"""Who credentials prove, looked up for many requests in one transaction and one hop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from engine.concurrency.batching import Batcher, TakeItems
from engine.concurrency.executor import CALL_TIMEOUT_SECONDS, Executor
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.persistence.store.retry import DATABASE_UNAVAILABLE
from engine.system import System

LookUp = Callable[[Connection, str, datetime], Principal | None]


class Authenticator:
    """Each request asks anew, for a revocation holds at once; those that come together share."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._line = Batcher[tuple[LookUp, str], Principal | None](self._answer)

    async def of(self, look_up: LookUp, secret: str) -> Principal | None:
        """Who this secret proves; None: nobody. Refuses OVERLOADED if that is not known in time."""
        try:
            # Waiting in the line counts too, behind those whom the database does not answer.
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                return await self._line.submit((look_up, secret))
        except TimeoutError as error:
            raise Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE) from error

    async def _answer(self, take: TakeItems[tuple[LookUp, str]]) -> list[Principal | None]:
        system = self._system

        def read() -> list[Principal | None]:
            lookups = take()
            with system.database.reading() as connection:
                now = system.clock.now(connection)
                # A pipeline asks many times at once with one token.
                proven = {lookup: lookup[0](connection, lookup[1], now) for lookup in set(lookups)}
            return [proven[lookup] for lookup in lookups]

        return await self._executor.read(read)
