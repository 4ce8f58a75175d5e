"""Where webhooks may go: checked when they are made, and again at the address that is connected."""

import asyncio
import socket
import threading
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.config.settings import PREFIX, Settings
from engine.model.errors import Code
from notifications.net import dns as looking_up
from notifications.net import pinned_backend
from notifications.net.dns import Resolver as LookUps
from notifications.net.dns import on_behalf_of
from notifications.net.public_addresses import is_public
from notifications.net.url_rules import PUBLIC_ONLY, origin_only, url_fault
from notifications.webhooks.create import CreateWebhook
from notifications.webhooks.update import UpdateWebhook
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.webhook_receiver import Receiver
from tests.support.webhooks import KEY, Hooks
from tests.support.world import World

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "168.63.129.16",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:0a00:0001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "100::1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_not_public(text: str) -> None:
    assert not is_public(ip_address(text))
    host = f"[{text}]" if ":" in text else text
    assert url_fault(f"https://{host}/", allow_private=False) is not None


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "172.32.0.1"]
)
def test_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/\r\nX: y",
        "https://example.com\\@127.0.0.1/",
        "https://exämple.com/",
        "https://127.0.0.1@example.com/",
        "https://[::1%25eth0]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0X7F.0.0.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./",
        "https://example.1/",
        "https://example.0x/",
        "https://1.2.3.4.5/",
        "https://1.1.1.256/",
        "https://\N{FULLWIDTH DIGIT ONE}27.0.0.1/",
        "https://%31%32%37.0.0.1/",
        "https://localhost/",
        "https://LocalHost:8443/",
        "https://localhost./",
        "https://hooks.localhost/",
        "https://a.b.localhost/",
        "https://localhost.localdomain/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://router.home.arpa/",
        "https://intranet/",
        "https://hooks.example.com./",
        "https://example..com/",
        "https://.example.com/",
        "https://-a.example.com/",
        "https://./",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 126}com/",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_no_address_of_a_webhook(url: str) -> None:
    assert url_fault(url, allow_private=False) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a?b=c",
        "https://[2606:4700::1111]/x",
        "https://1.1.1.1/x",
        "https://xn--exmple-cua.com/",
        "https://localhost.example.com/",
        "https://home-arpa.example.com/",
        "https://0x7f.example.com/",
        "https://127.0.0.1.example.com/",
    ],
)
def test_an_address_of_a_webhook(url: str) -> None:
    assert url_fault(url, allow_private=False) is None


ODD = [
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://localhost/",
    "https://hooks.localhost/",
    "https://127.0.0.1./",
    "https://\N{FULLWIDTH DIGIT ONE}27.0.0.1/",
    "https://192.0.0.192/",
    "https://192.31.196.1/",
    "https://[3fff::1]/",
    "https://[2620:4f:8000::1]/",
]


def test_what_is_not_public_is_refused_when_a_webhook_is_made_and_when_it_is_changed(
    world: World,
) -> None:
    create = CreateWebhook(name="CI", url="https://hooks.example.com/", key=KEY)
    webhook_id = world.do("admin", create).webhook_id
    before = world.snapshot(), len(world.ledger())

    for url in ODD:
        for command in (
            CreateWebhook(name="CD", url=url, key=KEY),
            UpdateWebhook(webhook_id=webhook_id, url=url),
        ):
            refusal = world.refused("admin", command)
            assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, ("url",)), url

    assert (world.snapshot(), len(world.ledger())) == before


LOCAL = ("localhost", "intranet", "printer.local", "10.0.0.1", "[::1]")


def test_the_operator_can_allow_more() -> None:
    for host in LOCAL:
        assert url_fault(f"https://{host}/", allow_private=True) is None
    for host in ("2130706433", "0x7f.1", "127.1", "127.0.0.1.", "localhost."):
        assert url_fault(f"https://{host}/", allow_private=True) is not None
    assert url_fault("http://127.0.0.1:8080/", allow_private=True) is None
    assert url_fault("ftp://127.0.0.1/", allow_private=True) is not None


@pytest.mark.parametrize("url", [*map("https://{}/".format, LOCAL), "http://hooks.example.com/"])
def test_a_refusal_of_what_the_operator_could_allow_names_the_setting(url: str) -> None:
    assert "webhook_allow_private" in Settings.model_fields
    assert f"{PREFIX}WEBHOOK_ALLOW_PRIVATE" in (url_fault(url, allow_private=False) or "")


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    url_fault(text, allow_private=False)
    url_fault("https://" + text, allow_private=False)


def test_what_may_be_secret_of_an_address_is_not_told() -> None:
    assert origin_only("https://example.com:1/T0/x?y") == "https://example.com:1/…"


@pytest.mark.anyio
async def test_a_private_address_gets_no_connection(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    webhook = hooks.make("inside", receiver.url().replace("http:", "https:"))
    world.request()

    await hooks.send(allow_private=False)

    (row,) = hooks.rows()
    assert (row.state, row.last_error) == ("FAILED", PUBLIC_ONLY)
    assert receiver.connections == 0
    assert webhook


class Names:
    """A look-up that answers as told, in turn, and counts how often it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.hosts: list[str] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.hosts.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        families = [socket.AF_INET6 if ":" in a else socket.AF_INET for a in found]
        return [(f, 1, 6, "", (a, port)) for f, a in zip(families, found, strict=True)]


@pytest.mark.anyio
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_a_name_of_a_private_address_gets_no_connection(
    world: World, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    hooks.make("named", "https://hooks.example.com/")
    world.request()
    names = Names([address])
    monkeypatch.setattr(looking_up.socket, "getaddrinfo", names)

    await hooks.send(allow_private=False)

    (row,) = hooks.rows()
    expected = "hooks.example.com is not on the public internet"
    assert (row.state, row.last_error) == ("FAILED", expected)
    assert names.hosts == ["hooks.example.com"]


@pytest.mark.anyio
async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(["10.0.0.1", "93.184.216.34"], ["127.0.0.1"])
    monkeypatch.setattr(looking_up.socket, "getaddrinfo", names)
    backend = pinned_backend.PinnedBackend(allow_private=False)
    went: list[str] = []

    async def connect(host: str, *_: Any) -> str:
        went.append(host)
        await asyncio.sleep(0)
        return "connected"

    monkeypatch.setattr(backend._backend, "connect_tcp", connect)

    assert await backend.connect_tcp("rebinding.example.com", 443) == "connected"  # type: ignore[comparison-overlap]
    # Looked up once: a name that answers something else the next time gains nothing.
    assert (went, names.hosts) == (["93.184.216.34"], ["rebinding.example.com"])
    with pytest.raises(pinned_backend.PrivateAddressError):
        await backend.connect_tcp("rebinding.example.com", 443)
    assert went == ["93.184.216.34"]
    backend.close()


@pytest.mark.anyio
async def test_slow_names_of_one_account_keep_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, answered = LookUps(), threading.Event()

    def answer(host: str, port: int, **more: Any) -> Any:
        if host.startswith("slow"):
            answered.wait()
        return Names(["93.184.216.34"])(host, port, **more)

    monkeypatch.setattr(looking_up.socket, "getaddrinfo", answer)

    async def given_up(host: str) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await names.addresses(host, 443)

    with on_behalf_of(uuid4()):
        # More than there are threads; nobody waits for them any more, and yet they go on.
        await asyncio.gather(*(given_up(f"slow{number}.example") for number in range(40)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await names.addresses("good.example", 443)
    with on_behalf_of(uuid4()):
        async with asyncio.timeout(WAIT_LIMIT_SECONDS):
            assert await names.addresses("good.example", 443) == ["93.184.216.34"]

    answered.set()
    names.close()
