"""Countersign mounted below a path of another application, as an application that embeds it has it.

The worker runs, and mails are files in a folder.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from api.bootstrap import build_system
from api.config.settings import Settings
from api.embedding import create_app, running
from api.web.mailbox.mail_folder_app import MailFolder, mail_page_app
from engine.commands.administration.account import create_account
from engine.persistence.db.database import Database
from tests.support.waiting import until
from tests.support.world import HandClock, World

HOST = "https://example.com"
PATH = "/signing"
MAILS = "/signing-mails"
#: A browser says of requests of this site's own pages where they come from.
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": HOST}
_LINKS = re.compile(r'(?:href|src)="([^"]+)"')
_FORMS = re.compile(r'action="([^"]+)"')


def settings_below(path: str, database_url: str, folder: Path, **more: Any) -> Settings:
    """The settings of an installation at this path of `HOST`."""
    values: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "smtp_url": SecretStr(f"log:{folder}"),
        "mail_from": "Countersign <countersign@example.com>",
        "public_url": f"{HOST}{path}",
        "dashboard": False,  # whether it was built here is nothing to these tests
        "secret_key": SecretStr(secrets.token_urlsafe(32)),
        "master_key": SecretStr(base64.b64encode(os.urandom(32)).decode()),
    }
    return Settings(_env_file=None, **(values | more))


def populated(settings: Settings, database: Database, account: str = "Acme") -> World:
    """The small account at the present time, with the outbox of these settings."""
    system = build_system(settings, database)
    created = create_account(system, account, "admin@example.com")
    clock = HandClock(datetime.now(UTC))
    world = World(system, clock, created.account_id, created.user_id)
    for name, role in {"ann": "LEAD", "bob": "LEAD", "dev": "DEVELOPER"}.items():
        world.add_user(name, role)
    world.add_keypair("vault")
    world.add_team("blue", ["ann", "bob", "dev"], ["vault"], 2)
    return world


@dataclass
class Mounted:
    """The host application, somebody's browser at it, and the mails that were kept."""

    host: Starlette
    browser: TestClient
    mails: MailFolder
    world: World

    def open_browser(self) -> TestClient:
        """Another browser with no cookie yet, on the event loop of the host."""
        browser = TestClient(self.host, base_url=HOST, follow_redirects=False)
        browser.portal = self.browser.portal
        return browser

    def mail(self, name: str, pattern: str = r"https://\S+") -> str:
        """The first match in the newest mail to somebody that has one, as soon as there is one."""
        compiled = re.compile(pattern)

        def matches() -> list[str]:
            mails = self.mails.newest_first(to=f"{name}@example.com")
            return [match for mail in mails for match in compiled.findall(mail.text or "")]

        until(matches, 15)
        return matches()[0]

    def sign_in(self, name: str, browser: TestClient | None = None) -> TestClient:
        """Somebody signs in at Countersign's own page, by the link in the mail."""
        browser = browser or self.open_browser()
        form = {"address": f"{name}@example.com"}
        requested = browser.post(f"{PATH}/sign-in", data=form, headers=OWN_PAGE)
        assert requested.status_code == 303, requested.text
        link = self.mail(name, r"https://\S+/sign-in/[0-9a-f]{32}\.[\w-]{43}")
        entered = browser.post(link, headers=OWN_PAGE)
        assert entered.status_code == 303, entered.text
        return browser


@contextmanager
def mounted(
    settings: Settings,
    database: Database,
    folder: Path,
    *routes: BaseRoute,
    **options: Any,
) -> Iterator[Mounted]:
    """A host application with Countersign and its mailbox mounted, while its lifespan runs.

    `options` are for `create_app`.
    """
    world = populated(settings, database)
    folder.mkdir(exist_ok=True)
    mails = MailFolder(folder)
    countersign = create_app(settings, **options)

    async def home(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("the host's own page")

    host = Starlette(
        routes=[
            *routes,
            Mount(PATH, countersign),
            Mount(MAILS, mail_page_app(mails, settings.public_url, settings.allowed_hosts)),
            Route("/", home),
        ],
        lifespan=_entering(countersign),
    )
    with TestClient(host, base_url=HOST, follow_redirects=False) as browser:
        yield Mounted(host, browser, mails, world)


def _entering(
    countersign: Starlette,
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_host: Starlette) -> AsyncIterator[None]:
        async with running(countersign):
            yield

    return lifespan


def links_in(html: str) -> list[str]:
    """Where a page's links, frames and style sheets lead, without what it holds itself."""
    return [unescape(link) for link in _LINKS.findall(html) if not link.startswith("data:")]


def forms_in(html: str) -> list[str]:
    """Where a page's forms are sent."""
    return [unescape(action) for action in _FORMS.findall(html)]
