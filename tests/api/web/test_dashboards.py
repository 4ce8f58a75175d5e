"""Dashboards as others write them, in a real browser: on another origin, and on the same one."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.chromium import Chromium, chromium, needs_chromium
from tests.support.node import FOLDER, run_node, running_node
from tests.support.running import free_port
from tests.support.served_site import ADMIN, ServedSite, served_site

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    needs_chromium,
]

VITE = "node_modules/vite/bin/vite.js"
PAGE = str(FOLDER / "dashboard")
TOKEN = """mutation { createApiToken(input: {
  name: "dashboard", scopes: [MANAGE_ACCOUNT, SIGN] }) { secret errors { message } } }"""


@asynccontextmanager
async def vite(port: int, folder: Path, *words: str, **environment: str) -> AsyncIterator[None]:
    """A server of Vite's, until the block ends."""
    words = (*words, "--host", "127.0.0.1", "--port", str(port), "--strictPort")
    server = running_node(VITE, *words, VITE_CACHE=str(folder / "vite"), **environment)
    await asyncio.to_thread(server.__enter__)
    try:
        await asyncio.to_thread(_wait_for, port)
        yield
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("Vite did not start")


async def token_of(site: ServedSite, desk: Chromium) -> str:
    """The secret of a token that the administrator makes in the browser."""
    await site.sign_in(desk)
    await desk.call("Page.setBypassCSP", enabled=True)
    await desk.open(f"{site.url}/sign-in")
    script = f"""fetch("/graphql", {{
      method: "POST", headers: {{"Content-Type": "application/json"}},
      body: JSON.stringify({{query: {json.dumps(TOKEN)}}})
    }}).then(a => a.json()).then(a => a.data.createApiToken.secret)"""
    secret: str = await desk.do(script)
    return secret


async def uses_everything(desk: Chromium) -> None:
    """The page asks, changes, and hears of its own change over a WebSocket and as events."""
    await desk.sees(f"You are {ADMIN}")
    both_received = "['socket', 'events'].every(id => document.getElementById(id).innerText)"
    async with asyncio.timeout(30):
        # It follows from when it began: what was changed before that it does not hear of.
        while not await desk.do(both_received):
            await desk.do("document.getElementById('freeze').click()")
            await asyncio.sleep(0.5)
    await desk.sees("frozen: ")
    for way in ("socket", "events"):
        await desk.sees(f'{way} {{"tag":"account:updated","subject":{{"__typename":"Account"')


async def test_on_another_origin_with_a_token(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    async with (
        served_site(
            database_url, tmp_path, COUNTERSIGN_ALLOWED_ORIGINS=f"http://localhost:{port}"
        ) as site,
        chromium(tmp_path / "desk") as desk,
        vite(port, tmp_path, PAGE, VITE_API=f"{site.url}/graphql"),
    ):
        token = await token_of(site, desk)
        await desk.open(f"http://localhost:{port}/#token={token}")
        await uses_everything(desk)
        # Signed in at the API's own host, which is none of this page's business.
        await desk.open("about:blank")
        await desk.open(f"http://localhost:{port}/")
        await desk.sees("Not yet: UNAUTHENTICATED")
        # The same page by another name, which no operator has named.
        await desk.open(f"http://127.0.0.1:{port}/#token={token}")
        await desk.sees("Not yet: Failed to fetch")


async def test_behind_a_development_proxy_with_a_session(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    async with (
        served_site(database_url, tmp_path) as site,
        chromium(tmp_path / "desk") as desk,
        vite(port, tmp_path, PAGE, COUNTERSIGN_TARGET=site.url),
    ):
        page = f"http://127.0.0.1:{port}/"
        await desk.open(page)
        await desk.sees("Not yet: UNAUTHENTICATED")
        await desk.do("document.getElementById('sign-in').click()")
        await desk.sees("Send the link")
        await desk.submit(address=ADMIN)
        await desk.sees("Look into your mail")
        await desk.open(await site.link(1))
        await desk.sees("You asked to sign in")
        await desk.submit()
        await desk.sees("You are signed in")
        await desk.open(page)
        await uses_everything(desk)


async def test_on_the_same_origin_one_signs_in_and_returns(
    database_url: str, tmp_path: Path
) -> None:
    port, built = free_port(), str(tmp_path / "built")
    page = f"http://127.0.0.1:{port}/"
    await asyncio.to_thread(run_node, VITE, "build", PAGE, "--outDir", built, "--logLevel", "error")
    async with (
        served_site(database_url, tmp_path, COUNTERSIGN_PUBLIC_URL=page) as site,
        chromium(tmp_path / "desk") as desk,
        vite(port, tmp_path, "preview", PAGE, "--outDir", built, COUNTERSIGN_TARGET=site.url),
    ):
        await desk.open(page)
        await desk.sees("Not yet: UNAUTHENTICATED")
        await desk.do("document.getElementById('sign-in').click()")
        await desk.sees("Send the link")
        await desk.submit(address=ADMIN)
        await desk.sees("Look into your mail")
        await desk.open(await site.link(1))
        await desk.sees("You asked to sign in")
        await desk.submit()
        await uses_everything(desk)
        assert await desk.do("location.href") == page
