"""An OpenID provider on this machine that does everything right unless it is members a quirk."""

from __future__ import annotations

import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from api.web.sign_in.openid.provider import Client

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
SECRET = "plus + percent % colon : and space"
SUBJECT = "ann.login"
Replies = dict[str, Callable[[], Response]]


@dataclass
class Issuer:
    """What it says and does; every field may be changed, and none has to be."""

    #: Where it listens, and what it is called by us and by itself.
    address: str
    configured: str = ""
    named: str = ""
    client: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    without_metadata: tuple[str, ...] = ()
    key: Key = field(default_factory=lambda: RSA)
    algorithm: str = "RS256"
    #: Published keys: before its own, in place of its own, and the whole document.
    odd_keys: list[Any] = field(default_factory=list)
    own_keys: list[Any] | None = None
    key_set: Any = None
    header: dict[str, Any] = field(default_factory=dict)
    without_header: tuple[str, ...] = ()
    claims: dict[str, Any] = field(default_factory=dict)
    without_claims: tuple[str, ...] = ()
    #: The claims as they are sent, and the whole token.
    payload: bytes | None = None
    token: Callable[[Issuer], Any] | None = None
    #: Members of the token response, and parameters of the authorization response.
    tokens: dict[str, Any] = field(default_factory=dict)
    without_tokens: tuple[str, ...] = ()
    answer: dict[str, str] = field(default_factory=dict)
    without_answer: tuple[str, ...] = ()
    #: How clients may authenticate here, and whether it decodes what Basic encoded.
    takes: tuple[str, ...] = ("client_secret_basic",)
    decodes: bool = True
    #: By path: a reply in place of the right one.
    replies: Replies = field(default_factory=dict)
    #: By path: how to wrap the right reply.
    wrap: dict[str, Callable[[Response], Response]] = field(default_factory=dict)
    token_path: str = "/token"
    #: What happened.
    nonces: dict[str, str] = field(default_factory=dict)
    nonce: str = ""
    paths: list[str] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configured = self.configured or self.address
        self.named = self.named or self.configured

    def as_client(self, redirect_uri: str) -> Client:
        members = {"client_id": "countersign", "client_secret": SECRET} | self.client
        return Client(issuer=self.configured, redirect_uri=redirect_uri, **members)

    async def serve(self, request: Request) -> Response:
        path = request.url.path
        self.paths.append(path)
        if path in self.replies:
            return self.replies[path]()
        pages = {
            "/.well-known/openid-configuration": self._metadata,
            "/authorize": self._authorize,
            "/keys": self._keys,
            self.token_path: self._token,
        }
        response = await pages[path](request) if path in pages else Response("Not here", 404)
        return self.wrap[path](response) if path in self.wrap else response

    async def _metadata(self, _request: Request) -> Response:
        members = {
            "issuer": self.named,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}{self.token_path}",
            "jwks_uri": f"{self.address}/keys",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "token_endpoint_auth_methods_supported": list(self.takes),
        } | self.metadata
        return _json({k: v for k, v in members.items() if k not in self.without_metadata})

    async def _keys(self, _request: Request) -> Response:
        if self.key_set is not None:
            return _json(self.key_set)
        own = [public(self.key)] if self.own_keys is None else self.own_keys
        return _json({"keys": [*self.odd_keys, *own]})

    async def _authorize(self, request: Request) -> Response:
        parameters = request.query_params
        code = f"code {len(self.nonces) + 1}"
        self.nonces[code] = parameters["nonce"]
        members = {"code": code, "state": parameters["state"]} | self.answer
        members = {
            name: value for name, value in members.items() if name not in self.without_answer
        }
        return RedirectResponse(f"{parameters['redirect_uri']}?{urlencode(members)}", 303)

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        self.forms.append(form)
        if not self._knows(request.headers.get("authorization", ""), form):
            return _json({"error": "invalid_client", "error_description": "Unknown client"}, 401)
        self.nonce = self.nonces[form["code"][0]]
        token = self.token(self) if self.token is not None else self.signed()
        members = {"access_token": "an access token", "token_type": "Bearer", "id_token": token}
        members |= self.tokens
        return _json({k: v for k, v in members.items() if k not in self.without_tokens})

    def _knows(self, authorization: str, form: dict[str, list[str]]) -> bool:
        pair = ("countersign", self.client.get("client_secret", SECRET))
        if authorization:
            sent = b64decode(authorization.removeprefix("Basic ")).decode()
            name, _, secret = sent.partition(":")
            if self.decodes:
                name, secret = unquote_plus(name), unquote_plus(secret)
            return "client_secret_basic" in self.takes and (name, secret) == pair
        members = (form.get("client_id", [""])[0], form.get("client_secret", [None])[0])
        return members == pair and ("client_secret_post" in self.takes or pair[1] is None)

    def signed(self, key: Key | None = None) -> str:
        """An ID token, as the fields say."""
        now, key = int(time.time()), key or self.key
        claims = {
            "iss": self.named,
            "sub": SUBJECT,
            "aud": "countersign",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email": "ann.login@example.com",
            "email_verified": True,
        } | self.claims
        claims = {name: value for name, value in claims.items() if name not in self.without_claims}
        header = {"alg": self.algorithm, "kid": key.kid} | self.header
        header = {name: value for name, value in header.items() if name not in self.without_header}
        payload = json.dumps(claims).encode() if self.payload is None else self.payload
        signing_input = f"{_base64(json.dumps(header).encode())}.{_base64(payload)}"
        algorithm = JWSRegistry.algorithms[str(header.get("alg", self.algorithm))]
        signature = algorithm.sign(signing_input.encode(), key)
        return f"{signing_input}.{_base64(signature)}"


class Loopback:
    """The server; each test has an issuer of its own on it."""

    issuer: Issuer
    address: str

    def __init__(self) -> None:
        async def serve(request: Request) -> Response:
            return await self.issuer.serve(request)

        self.app = Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST"])])

    def fresh(self) -> Issuer:
        self.issuer = Issuer(self.address)
        return self.issuer


def public(key: Key, **changes: Any) -> dict[str, Any]:
    """A key as it is published; a change to None leaves the member out."""
    members = key.as_dict(private=False) | changes
    return {name: value for name, value in members.items() if value is not None}


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _json(document: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(document, status)
