"""Collects in memory which credentials were used, to write that down at intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from engine.commands.credentials.record_use import record_use
from engine.model.principal import Principal

if TYPE_CHECKING:
    from api.runtime.runtime import Runtime

#: Seconds between two writings.
WRITE_INTERVAL_SECONDS = 20.0
#: Credentials remembered until the next writing; further ones are noted at their next use.
REMEMBERED = 10_000


class CredentialUsage:
    """The credentials that were used since the last write; used on the event loop only."""

    def __init__(self) -> None:
        self._tokens: set[UUID] = set()
        self._sessions: set[UUID] = set()

    def note(self, principal: Principal) -> None:
        """Note that the credential of a principal was used."""
        for noted, id_ in (
            (self._tokens, principal.token_id),
            (self._sessions, principal.session_id),
        ):
            if id_ is not None and len(noted) < REMEMBERED:
                noted.add(id_)

    def drain(self) -> tuple[set[UUID], set[UUID]]:
        """Return the tokens and sessions that were noted, and begin anew."""
        noted = self._tokens, self._sessions
        self._tokens, self._sessions = set(), set()
        return noted


async def write_usage(runtime: Runtime) -> int:
    """Write down what was noted, and return how many credentials that were.

    What cannot be written is not worth a second try.

    Raises:
        Refusal: The database is away, full, or has too much to do.
    """
    tokens, sessions = runtime.credential_usage.drain()
    if tokens or sessions:
        await runtime.executor.write(lambda: record_use(runtime.system, tokens, sessions))
    return len(tokens) + len(sessions)
