"""Signing in with real browsers, a real server and a real mail server; and a page that attacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.chromium import chromium
from tests.support.served_site import ADMIN, served_site

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


@pytest.mark.timeout(180)
@pytest.mark.long
async def test_a_person_signs_in_with_a_link_and_with_a_code(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        served_site(database_url, tmp_path) as site,
        chromium(tmp_path / "desk") as desk,
        chromium(tmp_path / "phone") as phone,
    ):
        await site.sign_in(desk)
        await desk.sees("Chrome on Linux")
        assert await desk.do("document.cookie") == ""
        script = """fetch("/graphql", {method: "POST", body: JSON.stringify(
          {query: "{ viewer { user { email } } }"}),
          headers: {"Content-Type": "application/json"}}).then(a => a.text())"""
        # Our page lets no script talk to anybody; a dashboard would.
        await desk.call("Page.setBypassCSP", enabled=True)
        await desk.open(f"{site.url}/sign-in")
        assert ADMIN in await desk.do(script)

        await site.ask_for_a_link(phone)
        await desk.open(await site.link(2))
        await desk.sees("Your code")
        code = await desk.do("document.querySelector('.code').innerText")
        await phone.submit(code=code)
        await phone.sees("You are signed in")

        with attacking(site.url) as evil:
            await desk.open(evil)
            await desk.until("document.title === 'done'")
            await desk.do("postMessage(1)")
            await desk.sees("This did not come from our page")
        await desk.open(f"{site.url}/sign-in")
        await desk.sees("You are signed in")
        await desk.submit("form[action$=sign-out] button")
        await desk.sees("Send the link")
