"""Which user a request comes from."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from api.runtime import Runtime
from engine.principal import Principal
from engine.queries.credentials import principal_of_token


async def principal_of(runtime: Runtime, connection: HTTPConnection) -> Principal | None:
    """The user of the bearer token, or None without a valid one."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.isascii():
        return None
    system = runtime.system

    def look_up() -> Principal | None:
        with system.database.reading() as db:
            return principal_of_token(db, secret.strip(), system.clock.now(db))

    return await runtime.executor.read(look_up)
