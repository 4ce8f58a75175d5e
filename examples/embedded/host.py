"""Forge: a small application with people and a sign-in of its own, which has Countersign mounted.

README.md says how to run it. What is Countersign's is from `authenticate` to `countersign`.
"""

from __future__ import annotations

import hmac
import html
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from api.embedding import (
    CommittedEvent,
    HostPeople,
    HostUser,
    NewUser,
    Settings,
    create_app,
    from_global,
    running,
)

HERE = Path(__file__).parent
#: Where Countersign is mounted; COUNTERSIGN_PUBLIC_URL ends in it.
PATH = "/signing"
COOKIE = "forge_session"

# What `countersign init` has printed, and the password of everybody in this example.
ACCOUNT_ID = from_global(os.environ["FORGE_ACCOUNT"], "Account")
ADMIN_ID = from_global(os.environ["FORGE_ADMIN"], "User")
PASSWORD = os.environ["FORGE_PASSWORD"]

#: Forge's people by their addresses: their names, and what they are at Countersign.
PEOPLE = {
    "admin@example.com": ("Ada Admin", "ADMIN"),
    "lea@example.com": ("Lea Lead", "LEAD"),
    "dev@example.com": ("Dev Dean", "DEVELOPER"),
}
#: Who is signed in at Forge: addresses by the values of the cookie.
SESSIONS: dict[str, str] = {}
#: What happened at Countersign, the newest last.
EVENTS: deque[str] = deque(maxlen=20)


async def authenticate(connection: HTTPConnection) -> HostUser | None:
    """Say who makes a request to Countersign: whoever is signed in at Forge."""
    email = signed_in(connection)
    return HostUser(account_id=ACCOUNT_ID, email=email) if email is not None else None


def new_user(user: HostUser) -> NewUser | None:
    """Say how somebody whom Countersign does not know becomes a user there."""
    if user.email not in PEOPLE:
        return None
    name, role = PEOPLE[user.email]
    return NewUser(name=name, roles=(role,), created_by=ADMIN_ID)


async def remember(event: CommittedEvent) -> None:
    """Keep what happened, for Forge's front page."""
    EVENTS.append(f"{event.event.tag} by {event.actor.name or 'time'}")


countersign = create_app(
    Settings(),
    host_people=HostPeople(authenticate=authenticate, new_user=new_user),
    listeners=[remember],
)


def signed_in(connection: HTTPConnection) -> str | None:
    """Return the address of whoever is signed in at Forge."""
    return SESSIONS.get(connection.cookies.get(COOKIE, ""))


async def front_page(request: Request) -> Response:
    """Show the sign-in, or what one can do at Countersign and what happened there."""
    email = signed_in(request)
    if email is None:
        return page(
            '<form method="post" action="/sign-in"><input name="email" type="email" required>'
            ' <input name="password" type="password" required> <button>Sign in</button></form>'
        )
    events = "".join(f"<li>{html.escape(event)}</li>" for event in EVENTS)
    return page(
        f"<p>Signed in at Forge as {html.escape(PEOPLE[email][0])}.</p>"
        '<form method="post" action="/sign-out"><button>Sign out</button></form>'
        '<p id="viewer"></p><p><button id="prepare">Make a keypair</button>'
        ' <button id="request">Request a release</button>'
        ' <button id="sign">Sign a build</button></p><pre id="answer"></pre>'
        f"<ol>{events}</ol><script type='module' src='/forge.js'></script>"
    )


async def sign_in(request: Request) -> Response:
    """Start a session of Forge's own."""
    require_own_page(request)
    form = await request.form()
    email, password = str(form.get("email", "")), str(form.get("password", ""))
    if email not in PEOPLE or not hmac.compare_digest(password.encode(), PASSWORD.encode()):
        raise HTTPException(403, "This is not the address and password of anybody here.")
    response = RedirectResponse("/", 303)
    token = secrets.token_urlsafe(32)
    SESSIONS[token] = email
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure)
    return response


async def sign_out(request: Request) -> Response:
    """End the session of Forge's own; sessions of Countersign's are not touched."""
    require_own_page(request)
    SESSIONS.pop(request.cookies.get(COOKIE, ""), None)
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


async def script(_request: Request) -> Response:
    """Return the script of the front page."""
    return FileResponse(HERE / "forge.js", media_type="text/javascript")


def require_own_page(request: Request) -> None:
    """Refuse a form that a page of another origin has sent."""
    if request.headers.get("origin") != f"{request.url.scheme}://{request.url.netloc}":
        raise HTTPException(403, "Send this form from Forge's own page.")


def page(content: str) -> HTMLResponse:
    """Return a page of Forge's own."""
    head = "<!doctype html><meta charset='utf-8'><title>Forge</title><h1>Forge</h1>"
    return HTMLResponse(head + content, headers={"Cache-Control": "no-store"})


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Run Countersign, and what is Forge's own, for as long as the server runs."""
    async with running(countersign):
        yield


app = Starlette(
    routes=[
        Route("/", front_page),
        Route("/forge.js", script),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Mount(PATH, countersign),
    ],
    lifespan=lifespan,
)
