"""A real server with a real mail server, to sign in to with a real browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import running
from tests.support.chromium import Chromium
from tests.support.smtp_server import Inbox, smtp_server

ADMIN = "admin@example.com"
_LINK = re.compile(r"http://\S+/sign-in/\S+")


@dataclass(frozen=True, slots=True)
class ServedSite:
    """Where it is, and the mails that it sent."""

    port: int
    inbox: Inbox

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def link(self, number: int) -> str:
        """The one in the mail of that number among those to sign in with."""
        links: list[str] = []
        for _ in range(300):
            bodies = [mail.get_body(("plain",)) for mail in self.inbox.to("admin")]
            links = [link for body in bodies if body for link in _LINK.findall(body.get_content())]
            if len(links) >= number:
                break
            await asyncio.sleep(0.05)
        return links[number - 1]

    async def ask_for_a_link(self, browser: Chromium) -> None:
        """The administrator gives an address."""
        await browser.open(f"{self.url}/sign-in")
        await browser.submit(address=ADMIN)
        await browser.sees("Look into your mail")

    async def sign_in(self, browser: Chromium, then: str = "You are signed in") -> None:
        """The administrator signs in with the first link, and sees a text of what is shown then."""
        await self.ask_for_a_link(browser)
        await browser.open(await self.link(1))
        await browser.sees("You asked to sign in")
        await browser.submit()
        await browser.sees(then)


@asynccontextmanager
async def served_site(database_url: str, folder: Path, **more: str) -> AsyncIterator[ServedSite]:
    """`countersign serve` with an account, for as long as the block lasts.

    Without the dashboard, which a checkout may have built or not.
    """
    async with smtp_server() as inbox:
        site = ServedSite(running.free_port(), inbox)
        own = {
            "COUNTERSIGN_SMTP_URL": inbox.url,
            "COUNTERSIGN_PUBLIC_URL": site.url,
            "COUNTERSIGN_DASHBOARD": "false",
        }
        environment = running.settings(database_url, **own | more)
        running.init(environment, folder)
        # In a thread, so that the mail server of this loop is not kept waiting.
        server = running.serving(environment, folder, port=site.port)
        await asyncio.to_thread(server.__enter__)
        try:
            yield site
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)
