"""An OpenID provider: discovery, authorization with PKCE, and verification of its tokens.

Authlib's Starlette client was weighed and is not used, since most of it would have to be replaced:
it keeps one sign-in for each browser (a second tab ends the first), takes a key set whole or not
at all, believes every algorithm that the metadata name, looks for new keys only when a `kid` is
unknown, and never for new metadata, does not check the issuer of an authorization response
(RFC 9207), does not form-encode the client's secret (RFC 6749, section 2.3.1), and limits neither
the size nor the whole time of an answer. What is hard, signatures and claims, is joserfc's here as
it is there.
"""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

from api.config.openid_providers import DEFAULT_SCOPE
from api.config.safe_urls import is_safe
from api.openid.answers import Answer, ask
from api.openid.documents import DocumentCache, Documents
from api.openid.errors import ProviderError, or_nothing, refused_by_provider
from api.web.sign_in.openid.id_token import Expected, claims_of
from api.web.sign_in.openid.provider_documents import Metadata, read_metadata

AuthMethod = Literal["client_secret_basic", "client_secret_post", "none"]
_Result = TypeVar("_Result")
_BASIC: AuthMethod = "client_secret_basic"
_POST: AuthMethod = "client_secret_post"
#: Statuses of a server at which there is no token endpoint any more.
_GONE = frozenset({404, 405, 410, 421})
#: Characters; the longest address that mail can be sent to.
_EMAIL_CHARACTERS = 254


@dataclass(frozen=True, slots=True)
class Client:
    """The credentials of this service at the provider."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    #: How to authenticate at the token endpoint; None leaves it to what the metadata offer.
    auth_method: AuthMethod | None = None
    #: What is asked for; without `email` no address can be filled in.
    scope: str = DEFAULT_SCOPE
    #: Where the provider sends browsers that have signed out there, if that is registered.
    signed_out_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """The secrets of one sign-in, which the browser keeps until it returns from the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of the provider. The address that the provider tells proves nothing here."""

    issuer: str
    subject: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Authentication:
    """An identity, and the verified ID token that says so."""

    identity: Identity
    id_token: str = field(repr=False)
    #: Of the token; all of them.
    claims: Mapping[str, Any] = field(repr=False)


class Provider:
    """One issuer, for one client. Its metadata and keys are fetched when they are needed."""

    def __init__(self, client: Client) -> None:
        if not is_safe(client.issuer):
            raise ValueError("the issuer of OpenID Connect must begin with https://")
        self._client = client
        self._documents = DocumentCache(client.issuer, read_metadata)
        #: The method that the token endpoint took last.
        self._accepted_method: AuthMethod | None = None

    async def leave_for(self, flow: Flow) -> str:
        """Return the address at the provider to redirect the browser to.

        Raises:
            ProviderError: The provider's documents cannot be had.
        """
        metadata = (await self._documents.current()).metadata
        digest = sha256(flow.verifier.encode("ascii")).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": self._client.scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": urlsafe_b64encode(digest).decode("ascii").rstrip("="),
            "code_challenge_method": "S256",
        }
        return _with_query(metadata.authorization_endpoint, parameters)

    async def sign_out_url(self, id_token: str | None) -> str | None:
        """Return the address at which a browser signs out at the provider; None if it has none.

        OpenID Connect RP-Initiated Logout 1.0, section 2. The ID token is what proved the sign-in:
        with it the provider need not ask whose it is.

        Raises:
            ProviderError: The provider's documents cannot be had.
        """
        endpoint = (await self._documents.current()).metadata.end_session_endpoint
        if endpoint is None:
            return None
        members = {
            "id_token_hint": id_token,
            "client_id": self._client.client_id,
            "post_logout_redirect_uri": self._client.signed_out_uri,
        }
        return _with_query(endpoint, {k: v for k, v in members.items() if v is not None})

    async def identify(self, answer: Mapping[str, str], flow: Flow) -> Authentication:
        """Return whom the parameters of an authorization response identify.

        Raises:
            ProviderError: The provider refused, or cannot be believed.
        """
        await self._step(
            lambda documents: self._check_issuer(answer.get("iss"), documents.metadata),
            depends_on=lambda documents: documents.metadata,
        )
        if answer.get("error"):
            raise refused_by_provider("The provider answered with an error.", dict(answer))
        code = answer.get("code")
        if not code:
            raise ProviderError("The provider's answer has neither a code nor an error.")
        tokens = await self._step(
            lambda documents: self._redeem(code, flow, documents.metadata),
            depends_on=lambda documents: documents.metadata.token_endpoint,
        )

        async def believe(documents: Documents[Metadata]) -> Authentication:
            return self._authenticate(tokens, flow, documents)

        return await self._step(believe, depends_on=lambda documents: documents)

    async def _step(
        self,
        step: Callable[[Documents[Metadata]], Awaitable[_Result]],
        *,
        depends_on: Callable[[Documents[Metadata]], object],
    ) -> _Result:
        """Run a step with the cached documents, and again with newer ones if they were at fault."""
        documents = await self._documents.current()
        try:
            return await step(documents)
        except ProviderError as error:
            newer = await self._documents.newer_than(documents) if error.may_be_outdated else None
            if newer is None or depends_on(newer) == depends_on(documents):
                raise
        return await step(newer)

    async def _check_issuer(self, received: str | None, metadata: Metadata) -> None:
        """Check that the response is of this provider (RFC 9207)."""
        if received == metadata.issuer or (received is None and not metadata.names_issuer):
            return
        raise ProviderError(
            "The provider's answer is of another issuer.",
            {"parameter": "iss", "expected": metadata.issuer, "received": or_nothing(received)},
            may_be_outdated=True,
        )

    async def _redeem(self, code: str, flow: Flow, metadata: Metadata) -> dict[str, Any]:
        """Return the token endpoint's response to a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": flow.verifier,
        }
        first, *others = self._methods(metadata)
        answer = await self._ask_for_tokens(metadata.token_endpoint, form, first)
        if others and (answer.document or {}).get("error") == "invalid_client":
            answer = await self._ask_for_tokens(metadata.token_endpoint, form, others[0])
        return _tokens(answer)

    async def _ask_for_tokens(
        self, endpoint: str, form: dict[str, str], method: AuthMethod
    ) -> Answer:
        more, headers = self._authentication(method)
        what = "The token endpoint's answer"
        answer = await ask(endpoint, what, form=form | more, headers=headers)
        if answer.is_success:
            self._accepted_method = method
        return answer

    def _methods(self, metadata: Metadata) -> list[AuthMethod]:
        """Return the methods of authentication to try, in order: Basic unless only POST is offered.

        Providers that offer both may have registered us for either of them, so the other one is
        tried when we are not recognized. What is configured is used alone.
        """
        if self._client.client_secret is None:
            return ["none"]
        if self._client.auth_method is not None:
            return [self._client.auth_method]
        offered = [method for method in (_BASIC, _POST) if method in metadata.auth_methods]
        return sorted(offered or [_BASIC], key=lambda method: method != self._accepted_method)

    def _authentication(self, method: AuthMethod) -> tuple[dict[str, str], dict[str, str]]:
        """Return fields and headers that authenticate this service (RFC 6749, section 2.3.1)."""
        name, secret = self._client.client_id, self._client.client_secret or ""
        if method == _BASIC:
            pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode("ascii")
            return {}, {"Authorization": f"Basic {b64encode(pair).decode('ascii')}"}
        return {"client_id": name} | ({"client_secret": secret} if method == _POST else {}), {}

    def _authenticate(
        self, tokens: dict[str, Any], flow: Flow, documents: Documents[Metadata]
    ) -> Authentication:
        issuer, access_token = documents.metadata.issuer, tokens.get("access_token")
        is_text = isinstance(access_token, str) and access_token.isascii()
        expected = Expected(
            issuer=issuer,
            client_id=self._client.client_id,
            nonce=flow.nonce,
            access_token=access_token if is_text else None,
        )
        claims = claims_of(tokens["id_token"], documents, expected)
        identity = Identity(issuer, claims["sub"], _email(claims.get("email")))
        return Authentication(identity, tokens["id_token"], claims)


def new_flow() -> Flow:
    """Return a new flow with random values."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flow(state, nonce, verifier)


def _with_query(endpoint: str, parameters: dict[str, str]) -> str:
    """Return an address with these parameters after those that it has."""
    parts, query = urlsplit(endpoint), urlencode(parameters)
    joined = f"{parts.query}&{query}" if parts.query else query
    return parts._replace(query=joined, fragment="").geturl()


def _tokens(answer: Answer) -> dict[str, Any]:
    """Return the members of a token response; refuses one without an ID token.

    Raises:
        ProviderError: The code was not redeemed.
    """
    document = answer.document
    if document is None:
        raise ProviderError(
            "The token endpoint's answer is no JSON object.",
            answer.facts(),
            may_be_outdated=answer.status in _GONE,
        )
    if not answer.is_success or "error" in document:
        raise refused_by_provider("The provider did not redeem the code.", document, answer.facts())
    if not isinstance(document.get("id_token"), str):
        raise ProviderError(
            "The token endpoint's answer has no ID token.",
            {"expected": "a text", "received": or_nothing(document.get("id_token"))},
        )
    return document


def _email(claim: object) -> str | None:
    """Return an address to fill in a form with; None unless the claim is a usable text."""
    if not isinstance(claim, str) or not claim.isprintable():
        return None
    return claim if 0 < len(claim) <= _EMAIL_CHARACTERS else None
