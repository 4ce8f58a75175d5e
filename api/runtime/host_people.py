"""The people of an application that Countersign is mounted in: it says who they are.

The application answers with an account and an address, never with a right: what somebody may do is
what their roles in the account say, and whoever is deactivated there is nobody here at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from engine.commands.administration.users import CreateUser
from engine.logs.log_throttle import LogThrottle
from engine.model import addresses
from engine.model.addresses import Address
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import Channel
from engine.queries.credentials import is_address_known, principal_of_address

if TYPE_CHECKING:
    from api.runtime.runtime import Runtime

log = structlog.get_logger("countersign.host_people")

#: Refusals that say nothing of the person, and will pass.
_UNAVAILABLE = frozenset({Code.OVERLOADED, Code.STORAGE_FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUser:
    """Who makes a request, as the application has proved it by means of its own."""

    account_id: UUID
    #: The address of the user in that account.
    email: str
    #: Whether a browser sends by itself what proved it, such as a cookie or a client certificate.
    #: Then it counts for requests of this service's own pages only, as sessions here do.
    sent_by_browser: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """How somebody becomes a user of the account."""

    name: str
    #: The names of their roles in the account.
    roles: tuple[str, ...]
    #: The user in whose name it is done. They need MANAGE_USERS, and what the roles grant.
    created_by: UUID
    time_zone: str = "UTC"
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPeople:
    """What an application is asked about its people.

    Args:
        authenticate: Returns who makes a request, or None for nobody that the application knows. It
            is asked anew for every request, and again while a subscription lasts. The body of the
            request cannot be read.
        new_user: Returns how somebody whom the account does not know becomes a user of it; None
            refuses them. Without this rule everybody unknown is refused.
    """

    authenticate: Callable[[HTTPConnection], Awaitable[HostUser | None]]
    new_user: Callable[[HostUser], NewUser | None] | None = None
    _creation: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    _refused: LogThrottle = field(default_factory=LogThrottle, init=False, repr=False)

    async def user_of(self, connection: HTTPConnection) -> HostUser | None:
        """Return who makes a request, as the application says."""
        return await self.authenticate(HTTPConnection(connection.scope))

    async def principal_of(self, runtime: Runtime, user: HostUser) -> Principal | None:
        """Return the user of the account, who is created first where the rule says so.

        Raises:
            Refusal: OVERLOADED or STORAGE_FAILED.
        """
        address = addresses.parse(user.email)
        if address is None:
            self._log_refusal(user, Code.INVALID_INPUT)
            return None
        proof = (user.account_id, address)
        principal = await runtime.authenticator.of(principal_of_address, proof)
        new = self.new_user(user) if principal is None and self.new_user is not None else None
        if new is not None:
            await self._create(runtime, user, address, new)
            principal = await runtime.authenticator.of(principal_of_address, proof)
        if principal is None or user.sent_by_browser:
            return principal
        return replace(principal, channel=Channel.API)

    async def _create(
        self, runtime: Runtime, user: HostUser, address: Address, new: NewUser
    ) -> None:
        """Create the user unless the account knows the address, of somebody inactive perhaps."""
        is_known = partial(_is_known, user.account_id, address)
        command = CreateUser(
            email=user.email,
            name=new.name,
            roles=new.roles,
            time_zone=new.time_zone,
            locale=new.locale,
        )
        creator = Principal(account_id=user.account_id, user_id=new.created_by)
        # One after the other: a page may send several requests at once.
        async with self._creation:
            if await runtime.read_as_system(is_known):
                return
            try:
                await runtime.execute(creator, command)
            except Refusal as refusal:
                if refusal.code in _UNAVAILABLE:
                    raise
                self._log_refusal(user, refusal.code)

    def _log_refusal(self, user: HostUser, code: Code) -> None:
        _, not_logged = self._refused.admit((user.account_id, code))
        if not_logged is not None:
            account_id = str(user.account_id)
            log.warning(
                "host_user_refused", account_id=account_id, code=code, not_logged=not_logged
            )


def _is_known(account_id: UUID, address: Address, connection: Connection, _now: object) -> bool:
    return is_address_known(connection, account_id, address)
