"""What of a provider's answers is believed: a provider that lies in one point at a time."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.auth.provider import Client, Identity, Provider, ProviderError, new_flow
from tests.support.api import serving

SECRET = "a secret of at least thirty-two characters"
FLOW = new_flow()


@dataclass
class Liar:
    """A provider whose metadata and tokens can be changed."""

    issuer: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    key: Any = None
    published: list[Any] = field(default_factory=list)
    raw: str | None = None
    looked_for_keys: int = 0
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256"})
        self.published = [self.key]

    def discovery(self, _request: Request) -> Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        }
        return JSONResponse(told | self.metadata)

    def keys(self, _request: Request) -> Response:
        self.looked_for_keys += 1
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.published]})

    async def token(self, request: Request) -> Response:
        self.forms.append(parse_qs((await request.body()).decode()))
        return JSONResponse(
            {"access_token": "at", "token_type": "Bearer", "id_token": self.raw or self.signed()}
        )

    def signed(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "ann",
            "aud": "countersign",
            "iat": now,
            "exp": now + 300,
            "nonce": FLOW.nonce,
        } | self.claims
        for name in self.without:
            del claims[name]
        header = {"alg": "ES256", "kid": self.key.kid} | self.header
        return jwt.encode(header, claims, self.key, algorithms=["ES256", "HS256"])


@pytest.fixture
def liar() -> Iterator[Liar]:
    made = Liar()
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", made.discovery),
            Route("/keys", made.keys),
            Route("/token", made.token, methods=["POST"]),
        ]
    )
    with serving(app) as made.issuer:
        yield made


def provider(liar: Liar, secret: str | None = SECRET) -> Provider:
    return Provider(Client(liar.issuer, "countersign", secret, "https://c.example/callback"))


async def test_an_honest_one_is_believed_and_gets_the_verifier(liar: Liar) -> None:
    asked = provider(liar)
    assert await asked.identify("code", FLOW, None) == Identity(liar.issuer, "ann", None)
    assert liar.forms[0]["code_verifier"] == [FLOW.verifier]
    url = await asked.leave_for(FLOW)
    assert FLOW.verifier not in url
    assert parse_qs(urlsplit(url).query)["nonce"] == [FLOW.nonce]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["countersign", "another"], "azp": "another"},
        {"exp": 1},
        {"iat": int(time.time()) + 3600},
        {"nonce": "another"},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "a" * 256},
        {"sub": 7},
    ],
)
async def test_a_token_of_somebody_or_something_else_is_not(
    liar: Liar, claims: dict[str, Any]
) -> None:
    liar.claims = claims
    with pytest.raises(ProviderError):
        await provider(liar).identify("code", FLOW, None)


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "iat", "nonce"])
async def test_a_token_that_leaves_something_out_is_not(liar: Liar, missing: str) -> None:
    liar.without = (missing,)
    with pytest.raises(ProviderError):
        await provider(liar).identify("code", FLOW, None)


async def test_a_signature_by_another_key_is_not(liar: Liar) -> None:
    liar.key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256"})
    with pytest.raises(ProviderError):
        await provider(liar).identify("code", FLOW, None)


async def test_a_signature_with_our_own_secret_or_with_none_is_not(liar: Liar) -> None:
    liar.key = OctKey.import_key(SECRET, {"kid": "one"})
    liar.header = {"alg": "HS256"}
    with pytest.raises(ProviderError):
        await provider(liar).identify("code", FLOW, None)
    parts = (b'{"alg":"none"}', b'{"sub":"ann"}', b"")
    liar.raw = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    with pytest.raises(ProviderError):
        await provider(liar).identify("code", FLOW, None)


@pytest.mark.parametrize("raw", ["x", "a.b.c", "é", "." * 5])
async def test_what_is_no_token_is_not(liar: Liar, raw: str) -> None:
    liar.raw = raw
    with pytest.raises(ProviderError):
        await provider(liar).identify("code", FLOW, None)


async def test_new_keys_are_looked_for_but_not_at_every_strangers_word(liar: Liar) -> None:
    asked = provider(liar)
    await asked.identify("code", FLOW, None)
    liar.key = ECKey.generate_key("P-256", {"kid": "two", "alg": "ES256"})
    for _ in range(5):
        with pytest.raises(ProviderError):
            await asked.identify("code", FLOW, None)
    assert liar.looked_for_keys == 1
    liar.published = [liar.key]
    asked._keys_at -= 60
    assert (await asked.identify("code", FLOW, None)).subject == "ann"
    assert liar.looked_for_keys == 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_metadata_of_another_or_to_unsafe_places_are_not(
    liar: Liar, metadata: dict[str, Any]
) -> None:
    liar.metadata = metadata
    with pytest.raises(ProviderError):
        await provider(liar).leave_for(FLOW)


async def test_where_the_answer_must_name_its_issuer_it_must(liar: Liar) -> None:
    liar.metadata = {"authorization_response_iss_parameter_supported": True}
    asked = provider(liar)
    with pytest.raises(ProviderError):
        await asked.identify("code", FLOW, None)
    assert (await asked.identify("code", FLOW, liar.issuer)).subject == "ann"


async def test_a_public_client_has_no_secret_to_send(liar: Liar) -> None:
    await provider(liar, None).identify("code", FLOW, None)
    assert liar.forms[0]["client_id"] == ["countersign"]
    assert "client_secret" not in liar.forms[0]


@pytest.mark.parametrize("issuer", ["http://login.example.com", "ftp://x", "login", "https://"])
def test_an_issuer_is_reached_safely_or_not_at_all(issuer: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Provider(Client(issuer, "countersign", None, "https://c.example/callback"))
