"""What is sent to a provider, and when its documents are fetched anew."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc.jwk import RSAKey
from starlette.responses import Response

from api.openid import documents
from api.openid.documents import DocumentCache, Documents
from api.openid.errors import ProviderError, shown
from api.openid.keys import read_keys
from api.web.sign_in.openid.provider import (
    Client,
    Flow,
    Identity,
    Provider,
    new_flow,
)
from api.web.sign_in.openid.provider_documents import read_metadata
from tests.api.web.sign_in.loopback_issuer import EC, OTHER_RSA, SUBJECT, Issuer, Loopback, public
from tests.api.web.sign_in.quirks import KEYS, METADATA
from tests.support.api import serving

CALLBACK = "https://c.example.com/callback"
BAD_SIGNATURE = "The ID token's signature is by none of the provider's keys."


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    loopback = Loopback()
    with serving(loopback.app) as loopback.address:
        yield loopback


@pytest.fixture
def issuer(loopback: Loopback) -> Issuer:
    return loopback.fresh()


class Clock:
    """Seconds, as they are told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def sign_in(provider: Provider, flow: Flow | None = None) -> Identity:
    """There and back again, without a browser's cookies."""
    flow = flow or new_flow()
    async with httpx2.AsyncClient() as client:
        back = await client.get(await provider.leave_for(flow))
    query = parse_qs(urlsplit(back.headers["location"]).query)
    answer = {name: values[0] for name, values in query.items()}
    return (await provider.identify(answer, flow)).identity


async def test_the_provider_gets_the_challenge_first_and_the_verifier_later(issuer: Issuer) -> None:
    provider, flow = Provider(issuer.as_client(CALLBACK)), new_flow()
    query = parse_qs(urlsplit(await provider.leave_for(flow)).query)
    digest = sha256(flow.verifier.encode()).digest()
    assert query == {
        "response_type": ["code"],
        "client_id": ["countersign"],
        "redirect_uri": [CALLBACK],
        "scope": ["openid email"],
        "state": [flow.state],
        "nonce": [flow.nonce],
        "code_challenge": [urlsafe_b64encode(digest).decode().rstrip("=")],
        "code_challenge_method": ["S256"],
    }
    identity = await sign_in(provider, flow)
    assert identity == Identity(issuer.address, SUBJECT, "ann.login@example.com")
    assert issuer.forms == [
        {
            "grant_type": ["authorization_code"],
            "code": ["code 1"],
            "redirect_uri": [CALLBACK],
            "code_verifier": [flow.verifier],
        }
    ]


async def test_a_query_of_the_endpoint_is_kept(issuer: Issuer) -> None:
    issuer.metadata = {"authorization_endpoint": f"{issuer.address}/authorize?policy=sign-in#top"}
    parts = urlsplit(await Provider(issuer.as_client(CALLBACK)).leave_for(new_flow()))
    assert parse_qs(parts.query)["policy"] == ["sign-in"]
    assert (parts.query.count("?"), parts.fragment) == (0, "")


async def test_a_public_client_has_no_secret_to_send(issuer: Issuer) -> None:
    issuer.client, issuer.takes = {"client_secret": None}, ("none",)
    await sign_in(Provider(issuer.as_client(CALLBACK)))
    assert issuer.forms[0]["client_id"] == ["countersign"]
    assert "client_secret" not in issuer.forms[0]


async def test_the_method_that_was_taken_is_the_first_from_then_on(issuer: Issuer) -> None:
    issuer.takes = ("client_secret_post",)
    offered = ["client_secret_basic", "client_secret_post"]
    issuer.metadata = {"token_endpoint_auth_methods_supported": offered}
    provider = Provider(issuer.as_client(CALLBACK))
    await sign_in(provider)
    assert ["client_secret" in form for form in issuer.forms] == [False, True]
    await sign_in(provider)
    assert ["client_secret" in form for form in issuer.forms] == [False, True, True]


@pytest.mark.parametrize(
    ("claim", "email"),
    [
        ("ANN@EXAMPLE.COM", "ANN@EXAMPLE.COM"),
        ("a" * 254, "a" * 254),
        ("a" * 255, None),
        ("a\r\nBcc: b", None),
        (["a@example.com"], None),
        ("", None),
        (None, None),
    ],
)
async def test_an_address_is_taken_as_it_is_or_not_at_all(
    issuer: Issuer, claim: object, email: str | None
) -> None:
    issuer.claims = {"email": claim, "email_verified": "perhaps"}
    identity = await sign_in(Provider(issuer.as_client(CALLBACK)))
    assert identity == Identity(issuer.address, SUBJECT, email)


@pytest.mark.parametrize("more", ["", "/"])
async def test_the_identity_is_of_the_issuer_as_the_provider_spells_it(
    issuer: Issuer, more: str
) -> None:
    issuer.named = f"{issuer.address}/"
    issuer.configured = f"{issuer.address}{more}"
    identity = await sign_in(Provider(issuer.as_client(CALLBACK)))
    assert identity.issuer == f"{issuer.address}/"
    assert issuer.paths[0] == METADATA


async def test_after_a_failure_documents_are_fetched_once_and_not_again_for_a_while(
    issuer: Issuer,
) -> None:
    provider, clock = Provider(issuer.as_client(CALLBACK)), Clock()
    provider._documents = DocumentCache(issuer.address, read_metadata, clock=clock)
    await sign_in(provider)
    issuer.key, issuer.own_keys = OTHER_RSA, [public(EC)]
    for _ in range(5):
        with pytest.raises(ProviderError, match=BAD_SIGNATURE):
            await sign_in(provider)
    assert issuer.paths.count(KEYS) == 2
    issuer.own_keys = None
    clock.now += documents.RENEWAL_SECONDS - 1
    with pytest.raises(ProviderError, match=BAD_SIGNATURE):
        await sign_in(provider)
    clock.now += 1
    assert (await sign_in(provider)).subject == SUBJECT
    assert (issuer.paths.count(KEYS), issuer.paths.count(METADATA)) == (3, 3)


async def test_documents_are_used_for_an_hour(issuer: Issuer) -> None:
    clock = Clock()
    cache = DocumentCache(issuer.address, read_metadata, clock=clock)
    first = await cache.current()
    clock.now += documents.FRESH_SECONDS - 1
    assert await cache.current() is first
    clock.now += 1
    assert await cache.current() == first
    assert issuer.paths == [METADATA, KEYS] * 2


async def test_who_fails_with_old_documents_takes_those_that_another_fetched(
    issuer: Issuer,
) -> None:
    cache = DocumentCache(issuer.address, read_metadata)
    used = await cache.current()
    issuer.key = OTHER_RSA
    newer = await asyncio.gather(*(cache.newer_than(used) for _ in range(20)))
    assert isinstance(newer[0], Documents)
    assert all(documents is newer[0] for documents in newer)
    assert newer[0].keys != used.keys
    assert issuer.paths == [METADATA, KEYS] * 2


async def test_a_failure_is_the_answer_to_all_who_wait_for_the_same(issuer: Issuer) -> None:
    clock = Clock()
    cache = DocumentCache(issuer.address, read_metadata, clock=clock)
    issuer.replies = {METADATA: lambda: Response(status_code=503)}
    waiting = [cache.current() for _ in range(20)]
    failed = await asyncio.gather(*waiting, return_exceptions=True)
    assert {str(error) for error in failed} == {
        "The provider's metadata document could not be fetched."
    }
    assert issuer.paths == [METADATA]
    issuer.replies = {}
    clock.now += documents.FAILURE_SECONDS
    assert (await cache.current()).metadata.issuer == issuer.address


async def test_documents_that_cannot_be_fetched_anew_leave_the_failure_as_it_was(
    issuer: Issuer,
) -> None:
    provider = Provider(issuer.as_client(CALLBACK))
    await sign_in(provider)
    issuer.key, issuer.replies = OTHER_RSA, {METADATA: lambda: Response(status_code=503)}
    with pytest.raises(ProviderError, match=BAD_SIGNATURE):
        await sign_in(provider)


async def test_the_code_is_not_sent_a_second_time_to_where_it_was_refused(issuer: Issuer) -> None:
    provider = Provider(issuer.as_client(CALLBACK))
    await sign_in(provider)
    issuer.replies = {"/token": lambda: Response(status_code=404)}
    with pytest.raises(ProviderError, match="no JSON object"):
        await sign_in(provider)
    assert issuer.paths.count("/token") == 2


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(("bits", "taken"), [(1024, 0), (2040, 0), (2048, 1)])
def test_an_rsa_key_has_2048_bits_or_is_ignored(bits: int, taken: int) -> None:
    key = RSAKey.import_key(generate_private_key(65537, bits))
    keys, ignored = read_keys({"keys": [key.as_dict(private=False)]})
    assert (len(keys), ignored) == (taken, 1 - taken)


@pytest.mark.parametrize("issuer", ["http://login.example.com", "ftp://x", "login", "https://"])
def test_an_issuer_is_reached_safely_or_not_at_all(issuer: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Provider(Client(issuer, "countersign", None, CALLBACK))


@pytest.mark.parametrize(
    ("value", "in_the_log"),
    [
        ("plain", "plain"),
        ("a\nb\x1b[31m\u202e\ud800", "a\\u000ab\\u001b[31m\\u202e\\ud800"),
        ("x" * 301, "x" * 300 + "…"),
        (7, 7),
        (10**30, "a number of more than 20 digits"),
        (None, None),
        (True, True),
        ({"a": 1}, "a value of the type dict"),
        ([[1], "b\n", 7], ["a value of the type list", "b\\u000a", 7]),
        (list(range(50)), list(range(10))),
        (frozenset({"b", "a"}), ["a", "b"]),
    ],
)
def test_a_foreign_value_is_short_and_on_one_line_in_the_log(
    value: object, in_the_log: object
) -> None:
    assert shown(value) == in_the_log
