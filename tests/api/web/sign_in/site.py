"""A site to sign in to: its pages, GraphQL, a mailer, and a mail server to read from."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.graphql.endpoint import Endpoint
from api.runtime.channels import MessageSettings
from api.runtime.host_people import HostPeople
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.routes import sign_in_routes
from engine.concurrency.executor import Executor
from engine.signing.service import SigningService
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.delivery.sign_in_mail import SignInMailer
from notifications.links.keys import ACTION_LINKS, derive
from notifications.links.sign_in_links import PURPOSE
from tests.support.smtp_server import Inbox, smtp_server
from tests.support.world import World

PUBLIC = "https://countersign.example.com"
SECRET = "a secret for the tests of signing in"
LINK_KEY = derive(SECRET, PURPOSE)
WHO = "{ viewer { user { email } permissions } }"
_LINK = re.compile(r"https?://\S+/sign-in/([0-9a-f]{32}\.[\w-]{43})")


@dataclass
class Person:
    """Somebody at a browser, which says of its requests where they come from."""

    client: httpx2.AsyncClient

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.client.get(path, **more)

    async def post(self, path: str, /, site: str = "same-origin", **fields: str) -> httpx2.Response:
        headers = {"Sec-Fetch-Site": site}
        return await self.client.post(path, data=fields, headers=headers)

    async def ask(self, address: str, **more: str) -> httpx2.Response:
        return await self.post("/sign-in", address=address, **more)

    async def query(self, query: str, **headers: str) -> dict[str, Any]:
        """GraphQL, as a page of ours would ask it."""
        headers = {"Sec-Fetch-Site": "same-origin"} | headers
        answer = await self.client.post("/graphql", json={"query": query}, headers=headers)
        body: dict[str, Any] = answer.json()
        return body

    async def who(self) -> str | None:
        """The address of the user who is signed in."""
        data = (await self.query(WHO)).get("data")
        return str(data["viewer"]["user"]["email"]) if data else None

    @property
    def secret(self) -> str | None:
        """What the session's cookie holds."""
        return self.client.cookies.get("__Host-countersign")


@dataclass
class Site:
    """All of it."""

    world: World
    runtime: Runtime
    inbox: Inbox
    mailer: SignInMailer
    relay: Relay
    app: Starlette
    stack: AsyncExitStack
    agents: list[str] = field(default_factory=list)

    async def person(self, agent: str = "Firefox", **headers: str) -> Person:
        """A browser with nothing in it yet."""
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app),
            base_url=PUBLIC,
            headers={"User-Agent": agent} | headers,
        )
        return Person(await self.stack.enter_async_context(client))

    async def mails(self, name: str) -> list[EmailMessage]:
        """Those that this person has got, once all that is due was sent."""
        while await self.mailer.run_once():
            pass
        return self.inbox.to(name)

    async def link(self, name: str) -> str:
        """The path of the link in the newest mail."""
        body = (await self.mails(name))[-1].get_body(("plain",))
        assert body is not None
        (found,) = _LINK.findall(body.get_content())
        return f"/sign-in/{found}"

    async def signed_in(self, name: str, **headers: str) -> Person:
        """Somebody who has gone through all of it."""
        person = await self.person(**headers)
        await person.ask(f"{name}@example.com")
        answer = await person.post(await self.link(name))
        assert answer.status_code == 303, answer.text
        return person


@asynccontextmanager
async def open_site(
    world: World, *more: BaseRoute, host_people: HostPeople | None = None, **parts: Any
) -> AsyncIterator[Site]:
    """The site of a world; `parts` are given to the pages."""
    async with AsyncExitStack() as stack:
        inbox = await stack.enter_async_context(smtp_server())
        executor = Executor(world.system.database, threads=4)
        stack.callback(executor.shutdown)
        gate, browser = SigningService(world.system, executor), Browser(PUBLIC)
        key = derive(SECRET, ACTION_LINKS)
        telling = MessageSettings(channels={}, link_key=key, webhook_key=bytes(32))
        runtime = Runtime(
            world.system,
            executor,
            gate,
            browser=browser,
            message_settings=telling,
            host_people=host_people,
        )
        channel = SmtpChannel(inbox.url, "Countersign <countersign@example.com>")
        stack.push_async_callback(channel.close)
        mailer = SignInMailer(
            world.system, world.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC
        )
        relay = Relay(world.system, world.executor, channel, MessageRenderer(PUBLIC), key, PUBLIC)
        parts.setdefault("limits", SignInLimits())
        endpoint = Endpoint(runtime, ide=False, public_url=PUBLIC)
        routes = [
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", endpoint),
            *sign_in_routes(runtime, browser, SECRET, **parts),
            *more,
        ]
        yield Site(world, runtime, inbox, mailer, relay, Starlette(routes=routes), stack)
