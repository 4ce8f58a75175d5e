"""Which client a request comes from: a proxy's word counts if it is a trusted one."""

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from api.cli.running import server_config
from api.config.settings import Settings
from api.web.sign_in.limits import client_of

DEFAULT = Settings.model_fields["trusted_proxies"].default


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    response: Response = PlainTextResponse(client_of(Request(scope)))
    await response(scope, receive, send)


@pytest.mark.parametrize(
    ("trusted", "proxy", "forwarded", "client"),
    [
        (DEFAULT, "127.0.0.1", "192.0.2.7", "192.0.2.7"),
        (DEFAULT, "::1", "192.0.2.7", "192.0.2.7"),
        (DEFAULT, "10.1.2.3", "192.0.2.7", "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.0/8", "10.1.2.3", "203.0.113.9, 192.0.2.7, 10.4.5.6", "192.0.2.7"),
        ("10.0.0.0/8", "192.0.2.1", "203.0.113.9", "192.0.2.1"),
    ],
)
async def test_who_is_behind_a_proxy(trusted: str, proxy: str, forwarded: str, client: str) -> None:
    config = server_config(who, "127.0.0.1", 0, trusted_proxies=trusted)
    config.load()
    transport = httpx2.ASGITransport(config.loaded_app, client=(proxy, 40000))  # type: ignore[arg-type] # uvicorn's own type
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as browser:
        answer = await browser.get("/", headers={"X-Forwarded-For": forwarded})
    assert answer.text == client
