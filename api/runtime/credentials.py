"""Finds the user that a request comes from."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from api.runtime.authenticator import LookUp
from api.runtime.runtime import Runtime
from engine.model.principal import Principal
from engine.queries.credentials import principal_of_bearer, principal_of_session


async def principal_of(
    runtime: Runtime,
    connection: HTTPConnection,
    authorization: str | None = None,
    *,
    again: bool = False,
) -> Principal | None:
    """Return the user of the bearer's secret or else of the browser; None without a valid one.

    Whoever sends a token means the token: a wrong one does not fall back to a cookie. WebSocket
    clients, which cannot set headers in a browser, give it as `authorization` when they connect.
    `again`: the same request is proved once more, while it lasts.
    """
    authorization = authorization or connection.headers.get("authorization")
    if authorization is None:
        return await person_of(runtime, connection, again=again)
    scheme, _, secret = authorization.partition(" ")
    bearer = scheme.lower() == "bearer" and secret.isascii()
    principal = await _prove(runtime, principal_of_bearer, secret.strip()) if bearer else None
    if principal is not None or runtime.host_people is None:
        return principal
    # It may be a token of the application that this one is mounted in.
    user = await runtime.host_people.user_of(connection)
    if user is None or user.sent_by_browser:
        return None
    return await runtime.host_people.principal_of(runtime, user)


async def person_of(
    runtime: Runtime, connection: HTTPConnection, *, again: bool = False
) -> Principal | None:
    """Return the user whom the host application names, or else that of the browser session.

    The host comes first: whoever is signed in there as somebody sees its pages as that person, and
    a session that was left here by somebody else must not act in their place.
    """
    people, browser = runtime.host_people, runtime.browser
    user = await people.user_of(connection) if people is not None else None
    if people is None or user is None:
        return await session_of(runtime, connection, again=again)
    if user.sent_by_browser and (browser is None or not browser.may_act(connection)):
        return None
    return await people.principal_of(runtime, user)


async def session_of(
    runtime: Runtime, connection: HTTPConnection, *, again: bool = False
) -> Principal | None:
    """Return the user of the browser session, unless a foreign page could have sent the request."""
    browser = runtime.browser
    if browser is None or not browser.may_act(connection):
        return None
    secret = browser.session_secret(connection)
    # While something is followed it is proved again and again, and nobody may be sitting there.
    noted = connection.scope["type"] == "http" and not again
    return await _prove(runtime, principal_of_session, secret, noted=noted) if secret else None


async def names_another(runtime: Runtime, connection: HTTPConnection, principal: Principal) -> bool:
    """Return whether the host application names somebody other than the user of the session.

    Pages that act with a session of their own ask, so that a session that somebody left here does
    nothing for whoever the host has signed in since.
    """
    people = runtime.host_people
    user = await people.user_of(connection) if people is not None else None
    if people is None or user is None:
        return False
    person = await people.principal_of(runtime, user)
    return person is None or person.user_id != principal.user_id


async def _prove(
    runtime: Runtime, look_up: LookUp, secret: str, *, noted: bool = True
) -> Principal | None:
    principal = await runtime.authenticator.of(look_up, secret)
    if principal is not None and noted:
        runtime.credential_usage.note(principal)
    return principal
