"""The pages behind the links in mails, and what an approver does on them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.web.approval_pages.routes import email_action_routes
from tests.support.api import serving
from tests.support.notices import LINK_KEY
from tests.support.running import free_port
from tests.support.runtime import runtime_of
from tests.support.world import World

PUBLIC = "https://countersign.example.com"


def approval_pages(world: World, public: str = PUBLIC) -> Starlette:
    """The pages of a world, at a public URL."""
    return Starlette(routes=email_action_routes(runtime_of(world), LINK_KEY, public))


def client_of(world: World, public: str = PUBLIC, **more: Any) -> TestClient:
    """A browser that runs no scripts."""
    return TestClient(approval_pages(world, public), base_url=public, **more)


@contextmanager
def served_pages(world: World) -> Iterator[str]:
    """A real server of the pages, for as long as the block lasts; its public URL."""
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    with serving(approval_pages(world, public), port):
        yield public


def csrf_in(html: str) -> str:
    """The token of the form on a page."""
    (token,) = re.findall(r'name="csrf" value="([^"]+)"', html)
    return str(token)


def decide(browser: TestClient, spelling: str, verdict: str = "APPROVE", **more: str) -> Any:
    """As an approver does: open the page, press a button."""
    page = browser.get(f"/decide/{spelling}")
    form = {"csrf": csrf_in(page.text), "revision": "1", "comment": "", "verdict": verdict}
    return browser.post(f"/decide/{spelling}", data=form | more)


def seen(html: str) -> str:
    """The page's words, in one line."""
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(text).split())


def look(browser: TestClient, spelling: str) -> str:
    """The words of the page behind a link."""
    return seen(browser.get(f"/decide/{spelling}").text)


def votes(world: World, release: UUID) -> int:
    """How many decisions were recorded."""
    return len(world.ledger(tag="release:approval:recorded", release_id=release))
