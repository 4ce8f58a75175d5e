"""An OpenID provider: found by its issuer's name, asked with PKCE, believed by its signature."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.auth.addresses import is_safe

#: Signatures that only the provider can make: none with the client's secret, and not `none`.
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
    | {"ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
#: Seconds: for each answer of the provider; that what it said of itself is believed; that its
#: clock may differ from ours.
TIMEOUT, FRESH, LEEWAY = 10.0, 3600.0, 60
#: Seconds between two looks for a key that we do not know.
_KEYS_AGAIN = 60.0


class ProviderError(Exception):
    """The provider did not answer, said no, or cannot be believed. Says which, and no secret."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the provider."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What the browser keeps while it is away at the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at the provider. The address is what the provider says, and proves nothing here."""

    issuer: str
    subject: str
    email: str | None


class Provider:
    """One issuer, for one client. Its metadata and keys are fetched when they are needed."""

    def __init__(self, client: Client) -> None:
        if not is_safe(client.issuer):
            raise ValueError("the issuer of OpenID Connect must begin with https://")
        self._client = client
        self._lock = asyncio.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._metadata_at = self._keys_at = -FRESH

    async def leave_for(self, flow: Flow) -> str:
        """Where to send the browser."""
        metadata = await self._known()
        async with self._session(metadata) as session:
            url, _ = session.create_authorization_url(
                metadata["authorization_endpoint"],
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
        return str(url)

    async def identify(self, code: str, flow: Flow, issuer: str | None) -> Identity:
        """Who came back. `issuer` is what the answer says it comes from (RFC 9207)."""
        metadata = await self._known()
        expected = issuer is not None or metadata.get(
            "authorization_response_iss_parameter_supported"
        )
        if expected and issuer != self._client.issuer:
            raise ProviderError("the answer is of another issuer")
        try:
            async with self._session(metadata) as session:
                token = await session.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=flow.verifier
                )
        except (httpx2.HTTPError, AuthlibBaseError, ValueError) as error:
            raise ProviderError(f"the code was not redeemed: {type(error).__name__}") from error
        claims = await self._believed(str(token.get("id_token", "")), flow, metadata)
        email = claims.get("email")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
            raise ProviderError("the subject is none")
        return Identity(self._client.issuer, subject, email if isinstance(email, str) else None)

    async def _believed(self, text: str, flow: Flow, metadata: dict[str, Any]) -> dict[str, Any]:
        """The claims of the ID token: signed by the issuer, for us, now, and for this flow."""
        told = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        registry = JWSRegistry(algorithms=sorted(ALGORITHMS.intersection(told)))
        try:
            try:
                token = jwt.decode(text, await self._key_set(metadata), registry=registry)
            except InvalidKeyIdError:
                keys = await self._key_set(metadata, again=True)
                token = jwt.decode(text, keys, registry=registry)
            ours = {
                "iss": {"essential": True, "value": self._client.issuer},
                "aud": {"essential": True, "value": self._client.client_id},
            }
            params = {"nonce": flow.nonce, "client_id": self._client.client_id}
            claims = CodeIDToken(token.claims, token.header, ours, params)
            claims.validate(leeway=LEEWAY)
        except (JoseError, AuthlibBaseError, ValueError, TypeError) as error:
            raise ProviderError(f"the ID token is not good: {type(error).__name__}") from error
        return dict(claims)

    async def _known(self) -> dict[str, Any]:
        """What the issuer says of itself, at the address that follows from its name."""
        async with self._lock:
            if time.monotonic() - self._metadata_at >= FRESH:
                url = f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration"
                found = await _fetch(url)
                if found.get("issuer") != self._client.issuer:
                    raise ProviderError("the metadata are of another issuer")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not is_safe(str(found.get(name, ""))):
                        raise ProviderError(f"the metadata have no good {name}")
                self._metadata, self._metadata_at = found, time.monotonic()
            return self._metadata

    async def _key_set(self, metadata: dict[str, Any], *, again: bool = False) -> KeySet:
        async with self._lock:
            age = time.monotonic() - self._keys_at
            if age >= (_KEYS_AGAIN if again else FRESH):
                self._keys = await _fetch(metadata["jwks_uri"])
                self._keys_at = time.monotonic()
            return KeySet.import_key_set(self._keys)  # type: ignore[arg-type] # checked inside

    def _session(self, metadata: dict[str, Any]) -> AsyncOAuth2Client:
        secret = self._client.client_secret
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return AsyncOAuth2Client(
            self._client.client_id,
            secret,
            token_endpoint_auth_method=basic if secret else "none",
            scope="openid email",
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT,
        )


def new_flow() -> Flow:
    """Unguessable, each part for its own purpose."""
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    return Flow(state, nonce, verifier)


async def _fetch(url: str) -> dict[str, Any]:
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
            answer = await client.get(url, headers={"Accept": "application/json"})
            answer.raise_for_status()
            found = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise ProviderError(f"the provider did not answer: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise ProviderError("the provider did not answer with an object")
    return found
