"""Signing in with real browsers, a real server and a real mail server; and a page that attacks."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.api.web.sign_in.chromium import chromium
from tests.support import running
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.smtp_server import Inbox, smtp_server

LINK = re.compile(r"http://\S+/sign-in/\S+")
ATTACK = """<!doctype html><title>attack</title><form method="post" action="{url}/sign-out"></form>
<script>
addEventListener("message", () => document.forms[0].submit());
const asked = fetch("{url}/graphql", {{method: "POST", mode: "no-cors", credentials: "include",
  headers: {{"Content-Type": "text/plain"}}, body: '{{"query": "mutation {{ x }}"}}'}});
asked.finally(() => document.title = "done");
</script>"""


@contextmanager
def attacking(url: str) -> Iterator[str]:
    """A page of another origin that would like to use its visitor's session."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(ATTACK.format(url=url).encode())

        def log_message(self, *rest: object) -> None: ...

    # Browsers open connections ahead, and say nothing on them for a minute.
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        # By another name of this machine: another site, not only another port.
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def served(environment: dict[str, str], folder: Path) -> AsyncIterator[None]:
    """The server, without keeping the mail server of this loop waiting."""
    server = running.serving(environment, folder)
    await asyncio.to_thread(server.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def link(inbox: Inbox, number: int) -> str:
    """The one in the mail of that number among those to sign in with."""
    links: list[str] = []
    for _ in range(300):
        bodies = [mail.get_body(("plain",)) for mail in inbox.to("admin")]
        links = [found for body in bodies if body for found in LINK.findall(body.get_content())]
        if len(links) >= number:
            break
        await asyncio.sleep(0.05)
    return links[number - 1]


@pytest.mark.timeout(180)
@POSTGRESQL_IS_LONG
async def test_a_person_signs_in_with_a_link_and_with_a_code(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with smtp_server() as inbox:
        environment = running.settings(database_url, COUNTERSIGN_SMTP_URL=inbox.url)
        port = running.free_port()
        monkeypatch.setattr(running, "free_port", lambda: port)  # the public URL has it in it
        url = f"http://127.0.0.1:{port}"
        environment["COUNTERSIGN_PUBLIC_URL"] = url
        running.init(environment, tmp_path)
        async with (
            served(environment, tmp_path),
            chromium(tmp_path / "desk") as desk,
            chromium(tmp_path / "phone") as phone,
        ):
            await desk.open(f"{url}/sign-in")
            await desk.submit(address="admin@example.com")
            await desk.sees("Look into your mail")
            await desk.open(await link(inbox, 1))
            await desk.sees("You asked to sign in")
            await desk.submit()
            await desk.sees("You are signed in")
            await desk.sees("Chrome on Linux")
            assert await desk.do("document.cookie") == ""
            asked = """fetch("/graphql", {method: "POST", body: JSON.stringify(
              {query: "{ viewer { user { email } } }"}),
              headers: {"Content-Type": "application/json"}}).then(a => a.text())"""
            # Our page lets no script talk to anybody; a dashboard would.
            await desk.call("Page.setBypassCSP", enabled=True)
            await desk.open(f"{url}/sign-in")
            assert "admin@example.com" in await desk.do(asked)

            await phone.open(f"{url}/sign-in")
            await phone.submit(address="admin@example.com")
            await phone.sees("Look into your mail")
            await desk.open(await link(inbox, 2))
            await desk.sees("Your code")
            code = await desk.do("document.querySelector('.code').innerText")
            await phone.submit(code=code)
            await phone.sees("You are signed in")

            with attacking(url) as evil:
                await desk.open(evil)
                await desk.until("document.title === 'done'")
                await desk.do("postMessage(1)")
                await desk.sees("This did not come from our page")
            await desk.open(f"{url}/sign-in")
            await desk.sees("You are signed in")
            await desk.submit("form[action$=sign-out] button")
            await desk.sees("Send the link")
