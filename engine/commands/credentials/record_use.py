"""Write down when credentials were last used: for many at once, and off every request's path."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from engine.commands.transactions import bare_transaction
from engine.persistence.store.credentials.usage import record_session_use, record_token_use
from engine.system import System


def record_use(system: System, tokens: Collection[UUID], sessions: Collection[UUID]) -> None:
    """Write down that these tokens and sessions were used just now."""

    def change(connection: Connection) -> None:
        now = system.clock.now(connection)
        record_token_use(connection, tokens, now)
        record_session_use(connection, sessions, now)

    if tokens or sessions:
        bare_transaction(system.database, change)
