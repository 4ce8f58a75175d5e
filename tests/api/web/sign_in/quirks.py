"""What OpenID providers do that a client did not expect, each with the outcome that is right."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import OctKey, OKPKey
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tests.api.web.sign_in.loopback_issuer import EC, OTHER_RSA, RSA, Issuer, public

Setup = Callable[[Issuer], None]
METADATA, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
SMALL_RSA = {"kty": "RSA", "kid": "small", "e": "AQAB", "n": "w" * 171}
NOT_ON_CURVE = {"kty": "EC", "crv": "P-256", "kid": "point", "x": "A" * 43, "y": "A" * 43}
LONG_AGO = int(time.time()) - 7200


@dataclass(frozen=True)
class Quirk:
    """One provider that does one thing in its own way."""

    name: str
    setup: Setup
    #: None if the person comes in; else the sentence in the log.
    why: str | None = None
    #: What the log names, where it is not more.
    logged: dict[str, Any] = field(default_factory=dict)
    #: What the page says of it.
    said: str | None = None
    #: What the provider does after a first sign-in, which succeeds; judged is the one after that.
    then: Setup | None = None
    #: How long an answer is waited for.
    seconds: float = 10.0


def put(**values: Any) -> Setup:
    """Fields of the issuer."""

    def setup(issuer: Issuer) -> None:
        for name, value in values.items():
            setattr(issuer, name, copy(value))

    return setup


def both(*setups: Setup) -> Setup:
    def setup(issuer: Issuer) -> None:
        for setup_part in setups:
            setup_part(issuer)

    return setup


def reply(path: str, **parts: Any) -> Setup:
    """This in place of the right answer; `parts` are a response's."""
    return put(replies={path: lambda: Response(**parts)})


def rewrite(path: str, change: Callable[[bytes], bytes], **headers: str) -> Setup:
    """The right answer, in other bytes or with other headers."""

    def wrap(response: Response) -> Response:
        sent = {"content-type": "application/json"} | headers
        return Response(change(bytes(response.body)), response.status_code, sent)

    return put(wrap={path: wrap})


def named(text: str) -> Setup:
    """The issuer's name in metadata and tokens; `{0}` is its address."""
    return lambda issuer: setattr(issuer, "named", text.format(issuer.address))


def configured(text: str) -> Setup:
    return lambda issuer: setattr(issuer, "configured", text.format(issuer.address))


def error(path_status: int, **members: Any) -> Setup:
    return reply(
        TOKEN,
        content=json.dumps(members),
        status_code=path_status,
        media_type="application/json",
    )


def rotated(key: Any, algorithm: str = "RS256", **more: Any) -> Setup:
    return put(key=key, algorithm=algorithm, **more)


async def drips() -> AsyncIterator[bytes]:
    """An answer of which a byte comes now and then, and never the last."""
    while True:
        yield b" "
        await asyncio.sleep(0.02)


def unsigned(issuer: Issuer) -> str:
    """`alg: none`, with the claims of the right token."""
    claims = issuer.signed().split(".")[1]
    return f"eyJhbGciOiJub25lIn0.{claims}."


def with_public_key_as_secret(issuer: Issuer) -> str:
    """HS256 with the public key that everybody can read."""
    issuer.algorithm, secret = "HS256", OctKey.import_key(RSA.as_dict(private=False)["n"])
    token = issuer.signed(secret)
    issuer.algorithm = "RS256"
    return token


def with_header(header: bytes) -> Callable[[Issuer], str]:
    """The right token under another header."""
    text = urlsafe_b64encode(header).decode().rstrip("=")
    return lambda issuer: ".".join([text, *issuer.signed().split(".")[1:]])


def torn(issuer: Issuer) -> str:
    """The right token with another signature."""
    head, claims, signature = issuer.signed().split(".")
    return f"{head}.{claims}.{signature[:-8]}AAAAAAAA"


def renamed(issuer: Issuer) -> str:
    """The right token with other claims under its signature."""
    head, _, signature = issuer.signed().split(".")
    issuer.claims = {"sub": "admin"}
    return f"{head}.{issuer.signed().split('.')[1]}.{signature}"


def moved(issuer: Issuer) -> None:
    """The token endpoint is somewhere else from now on."""
    issuer.token_path = "/oauth2/token"


def soon(seconds: int) -> int:
    return int(time.time()) + seconds


OTHER_ISSUER = "The provider's metadata name another issuer than the configured one."
NO_ENDPOINT = "The provider's metadata lack an endpoint that is reached over https."
NO_METADATA = "The provider's metadata document could not be fetched."
NOT_JSON_METADATA = "The provider's metadata document is no JSON object."
NO_KEY_SET = "The provider's key set could not be fetched."
NO_KEY_LIST = "The provider's key set has no list of keys."
BAD_SIGNATURE = "The ID token's signature is by none of the provider's keys."
BAD_ALGORITHM = "The ID token is signed with an algorithm that is not allowed."
CRITICAL = "The ID token demands that header parameters are understood which are not."
UNREADABLE = "The ID token cannot be read."
WRONG_CLAIM = "The ID token has a wrong claim."
NO_CLAIM = "The ID token lacks a claim."
NOT_REDEEMED = "The provider did not redeem the code."
NO_TOKENS = "The token endpoint's answer is no JSON object."
NO_ID_TOKEN = "The token endpoint's answer has no ID token."
TOO_LARGE_TOKENS = "The token endpoint's answer is too large."
NO_TOKEN_ANSWER = "The token endpoint's answer could not be fetched."
ERROR_ANSWER = "The provider answered with an error."
ANOTHER_ANSWER = "The provider's answer is of another issuer."
NO_CODE = "The provider's answer has neither a code nor an error."

HEADERS = [
    Quirk("private header parameters", put(header={"client_id": "x", "app_id": 7})),
    Quirk("known header parameters of odd types", put(header={"x5u": 7, "typ": [], "jku": "x"})),
    Quirk("a chain of certificates in the header", put(header={"x5c": ["M" * 2000] * 3})),
    Quirk("a header parameter that is null", put(header={"cty": None, "x5t": None})),
    Quirk("type at+jwt in the header", put(header={"typ": "at+jwt"})),
    Quirk(
        "a critical extension",
        put(header={"crit": ["exp2"], "exp2": 1}),
        CRITICAL,
        {"header": "crit", "expected": "nothing", "received": ["exp2"]},
    ),
    Quirk(
        "an unencoded payload, critical",
        put(header={"crit": ["b64"], "b64": True}),
        CRITICAL,
        {"received": ["b64"]},
    ),
    Quirk("critical is a number", put(header={"crit": 7}), CRITICAL, {"received": 7}),
    Quirk("critical is empty", put(header={"crit": []}), CRITICAL, {"received": []}),
    Quirk("an algorithm that is a list", put(token=with_header(b'{"alg":["RS256"]}')), UNREADABLE),
    Quirk("a header that is a word", put(token=with_header(b'"alg"')), UNREADABLE),
    Quirk("no algorithm in the header", put(without_header=("alg",)), UNREADABLE),
    Quirk("the key's id is a number", put(header={"kid": 7})),
    Quirk("no key's id in the header", put(without_header=("kid",))),
    Quirk(
        "an id of no published key",
        put(header={"kid": "other"}),
        BAD_SIGNATURE,
        {"header": "kid", "expected": ["rsa"], "received": "other", "algorithm": "RS256"},
    ),
    Quirk(
        "algorithm none",
        both(
            put(token=unsigned), put(metadata={"id_token_signing_alg_values_supported": ["none"]})
        ),
        BAD_ALGORITHM,
        {"header": "alg", "received": "none"},
    ),
    Quirk(
        "HS256 with the public key as the secret",
        put(
            token=with_public_key_as_secret,
            metadata={"id_token_signing_alg_values_supported": ["HS256", "RS256"]},
        ),
        BAD_ALGORITHM,
        {"expected": ["RS256"], "received": "HS256"},
    ),
    Quirk(
        "HS256 with a published secret",
        put(
            key=OctKey.import_key("k" * 32, {"kid": "oct"}),
            algorithm="HS256",
            own_keys=[{"kty": "oct", "kid": "oct", "k": "a2tr" * 10}],
        ),
        BAD_ALGORITHM,
        {"received": "HS256"},
    ),
    Quirk("ES256", rotated(EC, "ES256")),
    Quirk("PS256", rotated(RSA, "PS256")),
    Quirk("EdDSA", rotated(ED, "EdDSA")),
    Quirk("Ed25519, its newer name", rotated(ED, "Ed25519")),
    Quirk("a torn signature", put(token=torn), BAD_SIGNATURE, {"received": "rsa"}),
    Quirk("other claims under a signature", put(token=renamed), BAD_SIGNATURE),
    Quirk("an encrypted token", put(token=lambda _: "a.b.c.d.e"), UNREADABLE),
    Quirk("no token but a word", put(token=lambda _: "é"), UNREADABLE),
    Quirk("a header of brackets", put(token=lambda _: f"{'W1tb' * 3000}.e30.AA"), UNREADABLE),
]

KEY_SETS = [
    Quirk("a key of an unknown curve", put(odd_keys=[{"kty": "EC", "crv": "P-999", "x": "AA"}])),
    Quirk("a key of an unknown type", put(odd_keys=[{"kty": "ML-DSA", "pub": "AA"}])),
    Quirk("a key without a type", put(odd_keys=[{"kid": "x"}])),
    Quirk("a key that is empty", put(odd_keys=[{}])),
    Quirk("keys that are no objects", put(odd_keys=[None, 7, "key", [], True])),
    Quirk("a key whose type is a list", put(odd_keys=[{"kty": ["RSA"]}])),
    Quirk("a point that is not on its curve", put(odd_keys=[NOT_ON_CURVE])),
    Quirk("a key in letters that are no base64", put(odd_keys=[public(RSA, n="é!")])),
    Quirk("a secret among the keys", put(odd_keys=[{"kty": "oct", "k": "AAAA"}])),
    Quirk("a key for encryption with the same id", put(odd_keys=[public(OTHER_RSA, use="enc")])),
    Quirk("an RSA key of 1024 bits beside", put(odd_keys=[SMALL_RSA])),
    Quirk("two keys with one id", put(odd_keys=[public(OTHER_RSA)])),
    Quirk("the same key twice", put(odd_keys=[public(RSA)])),
    Quirk("keys without ids", put(own_keys=[public(OTHER_RSA, kid=None), public(RSA, kid=None)])),
    Quirk("ids that are numbers", put(own_keys=[public(RSA, kid=7)])),
    Quirk("the key's address is none", put(own_keys=[public(RSA, x5u="none", x5c="none")])),
    Quirk("the private key is published", put(own_keys=[RSA.as_dict(private=True)])),
    Quirk("more members in the key set", put(key_set={"v": 2, "keys": [public(RSA)]})),
    Quirk("a use that nobody knows", put(own_keys=[public(RSA, use="tls")]), BAD_SIGNATURE),
    Quirk(
        "its own key is for encryption",
        put(own_keys=[public(RSA, use="enc")]),
        BAD_SIGNATURE,
        {"expected": [], "ignored_keys": 1},
    ),
    Quirk(
        "its own key only wraps", put(own_keys=[public(RSA, key_ops=["wrapKey"])]), BAD_SIGNATURE
    ),
    Quirk("its own key is to verify", put(own_keys=[public(RSA, key_ops=["verify"])])),
    Quirk("its own key is for PS256", put(own_keys=[public(RSA, alg="PS256")]), BAD_SIGNATURE),
    Quirk(
        "its only key has 1024 bits",
        put(own_keys=[SMALL_RSA]),
        BAD_SIGNATURE,
        {"expected": [], "ignored_keys": 1},
    ),
    Quirk("no keys", put(own_keys=[]), BAD_SIGNATURE, {"expected": [], "ignored_keys": 0}),
    Quirk(
        "keys that are an object",
        put(key_set={"keys": {}}),
        NO_KEY_LIST,
        {"member": "keys", "expected": "a list", "received": "a value of the type dict"},
    ),
    Quirk("a key set without keys", put(key_set={}), NO_KEY_LIST, {"received": "nothing"}),
    Quirk("a key set that is a list", put(key_set=[]), "The provider's key set is no JSON object."),
]

ROTATIONS = [
    Quirk(
        "a new key, without ids",
        put(own_keys=[public(RSA, kid=None)], without_header=("kid",)),
        then=both(rotated(OTHER_RSA), put(own_keys=[public(OTHER_RSA, kid=None)])),
    ),
    Quirk("a new key under the old id", put(), then=rotated(OTHER_RSA)),
    Quirk("RS256 becomes ES256", put(), then=rotated(EC, "ES256")),
    Quirk("the token endpoint moves", put(), then=moved),
    Quirk(
        "a key that is not published",
        put(),
        BAD_SIGNATURE,
        {"expected": ["rsa"], "received": "ec"},
        then=rotated(
            EC,
            "ES256",
            own_keys=[public(RSA)],
            metadata={"id_token_signing_alg_values_supported": ["RS256", "ES256"]},
        ),
    ),
    Quirk(
        "it now names itself in its answer",
        put(metadata={"authorization_response_iss_parameter_supported": True}),
        ANOTHER_ANSWER,
        {"parameter": "iss", "received": "nothing"},
    ),
    Quirk(
        "it names itself no more",
        lambda issuer: issuer.__dict__.update(
            metadata={"authorization_response_iss_parameter_supported": True},
            answer={"iss": issuer.address},
        ),
        then=put(metadata={}, answer={}),
    ),
]

AUTHENTICATION = [
    Quirk("a secret with + and %, in Basic", put()),
    Quirk("a secret with + and %, by POST", put(takes=("client_secret_post",))),
    Quirk("letters beyond ASCII", put(client={"client_secret": "Schlüssel-密"})),
    Quirk(
        "both are offered and POST is registered",
        put(
            takes=("client_secret_post",),
            metadata={
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ]
            },
        ),
    ),
    Quirk(
        "it does not decode Basic and offers POST",
        put(takes=("client_secret_basic", "client_secret_post"), decodes=False),
    ),
    Quirk(
        "POST is configured and nothing offered",
        put(
            takes=("client_secret_post",),
            client={"auth_method": "client_secret_post"},
            without_metadata=("token_endpoint_auth_methods_supported",),
        ),
    ),
    Quirk(
        "Basic is configured, only POST is taken",
        put(takes=("client_secret_post",), client={"auth_method": "client_secret_basic"}),
        NOT_REDEEMED,
        {"status": 401, "error": "invalid_client", "error_description": "Unknown client"},
        "invalid_client: Unknown client",
    ),
    Quirk(
        "methods that are a word",
        put(metadata={"token_endpoint_auth_methods_supported": "client_secret_post"}),
    ),
    Quirk(
        "methods of odd types", put(metadata={"token_endpoint_auth_methods_supported": [[], {}]})
    ),
    Quirk("a public client", put(takes=("none",), client={"client_secret": None})),
    Quirk(
        "it does not know us",
        put(takes=()),
        NOT_REDEEMED,
        {"status": 401, "error": "invalid_client"},
        "invalid_client: Unknown client",
    ),
]

METADATA_QUIRKS = [
    Quirk("a slash more in its name", named("{0}/")),
    Quirk("a slash less in its name", both(configured("{0}/"), named("{0}"))),
    Quirk(
        "two slashes more",
        lambda issuer: setattr(issuer, "named", f"{issuer.address}//"),
        OTHER_ISSUER,
        {"member": "issuer", "expected": "{0}", "received": "{0}//"},
    ),
    Quirk(
        "Entra's template for every tenant",
        lambda issuer: setattr(issuer, "named", issuer.address + "/{tenantid}/v2.0"),
        OTHER_ISSUER,
        {"member": "issuer", "expected": "{0}", "received": "{0}/{{tenantid}}/v2.0"},
    ),
    Quirk("it is somebody else", named("https://other.example.com"), OTHER_ISSUER),
    Quirk("no name", put(without_metadata=("issuer",)), OTHER_ISSUER, {"received": "nothing"}),
    Quirk("a name that is a list", put(metadata={"issuer": [1]}), OTHER_ISSUER, {"received": [1]}),
    Quirk(
        "members of odd types",
        put(
            metadata={
                "scopes_supported": 7,
                "claims_supported": {},
                "id_token_signing_alg_values_supported": [[], None, 7, "RS256", {}],
                "ui_locales_supported": None,
                "x_private": {"a": [None]},
            }
        ),
    ),
    Quirk(
        "no list of algorithms",
        put(without_metadata=("id_token_signing_alg_values_supported",)),
    ),
    Quirk(
        "algorithms that are a word",
        put(metadata={"id_token_signing_alg_values_supported": "RS256"}),
    ),
    Quirk(
        "a list of algorithms without RS256",
        put(metadata={"id_token_signing_alg_values_supported": ["ES256", "PS256"]}),
        BAD_ALGORITHM,
        {"expected": ["ES256", "PS256"], "received": "RS256"},
    ),
    Quirk(
        "a token endpoint over http",
        put(metadata={"token_endpoint": "http://login.example.com/token"}),
        NO_ENDPOINT,
        {"member": "token_endpoint", "received": "http://login.example.com/token"},
    ),
    Quirk(
        "no address of its keys",
        put(without_metadata=("jwks_uri",)),
        NO_ENDPOINT,
        {"member": "jwks_uri", "received": "nothing"},
    ),
    Quirk(
        "a script for an endpoint",
        put(metadata={"authorization_endpoint": "javascript:alert(1)"}),
        NO_ENDPOINT,
        {"member": "authorization_endpoint", "received": "javascript:alert(1)"},
    ),
    Quirk(
        "an endpoint with line breaks",
        put(metadata={"authorization_endpoint": "https://x.example.com/\r\nSet-Cookie: a=b"}),
        NO_ENDPOINT,
        {"received": "https://x.example.com/\\u000d\\u000aSet-Cookie: a=b"},
    ),
    Quirk(
        "a query in the endpoint",
        lambda issuer: issuer.metadata.update(
            authorization_endpoint=f"{issuer.address}/authorize?policy=sign-in"
        ),
    ),
    Quirk("a byte order mark", rewrite(METADATA, lambda body: b"\xef\xbb\xbf" + body)),
    Quirk("JSON as plain text", rewrite(METADATA, bytes, **{"content-type": "text/plain"})),
    Quirk(
        "gzip that nobody asked for",
        rewrite(METADATA, gzip.compress, **{"content-encoding": "gzip"}),
    ),
    Quirk(
        "a page in place of metadata",
        reply(METADATA, content="<html>", media_type="text/html"),
        NOT_JSON_METADATA,
        {"status": 200, "content_type": "text/html; charset=utf-8"},
    ),
    Quirk("metadata that are a list", reply(METADATA, content="[]"), NOT_JSON_METADATA),
    Quirk("metadata of brackets", reply(METADATA, content="[" * 100_000), NOT_JSON_METADATA),
    Quirk("no metadata", reply(METADATA, status_code=404), NO_METADATA, {"status": 404}),
    Quirk("its keys are broken", reply(KEYS, status_code=500), NO_KEY_SET, {"status": 500}),
    Quirk(
        "a redirect in place of metadata",
        put(replies={METADATA: lambda: RedirectResponse("https://login.example.com/", 302)}),
        NO_METADATA,
        {"status": 302, "location": "https://login.example.com/"},
    ),
    Quirk(
        "metadata of a megabyte and more",
        reply(METADATA, content=b" " * 1_100_000),
        "The provider's metadata document is too large.",
        {"expected": "at most 1048576 bytes"},
    ),
    Quirk(
        "gzip that grows a thousandfold",
        rewrite(
            METADATA, lambda _: gzip.compress(b" " * 50_000_000), **{"content-encoding": "gzip"}
        ),
        "The provider's metadata document is too large.",
    ),
    Quirk(
        "gzip that is none",
        rewrite(METADATA, lambda _: b"no gzip", **{"content-encoding": "gzip"}),
        NO_METADATA,
        {"exception": "error"},
    ),
    Quirk(
        "metadata that never end",
        put(replies={METADATA: lambda: StreamingResponse(drips())}),
        NO_METADATA,
        {"exception": "TimeoutError"},
        seconds=1.5,
    ),
]

CLAIMS = [
    Quirk("claims of odd types", put(claims={"jti": 7, "name": [], "amr": "x", "auth_time": {}})),
    Quirk("an address that is not verified", put(claims={"email_verified": False})),
    Quirk("verified is a word", put(claims={"email_verified": "true"})),
    Quirk("no address", put(without_claims=("email", "email_verified"))),
    Quirk("an address in capitals", put(claims={"email": "ANN@EXAMPLE.COM"})),
    Quirk("an address that is a list", put(claims={"email": ["ann@example.com"]})),
    Quirk("an address of a hundred kilobytes", put(claims={"email": "a" * 60_000})),
    Quirk("an address with half a character", put(claims={"email": "\ud800@example.com"})),
    Quirk("a clock that is 50 seconds ahead", put(claims={"iat": soon(50), "nbf": soon(50)})),
    Quirk("times with fractions", put(claims={"iat": time.time(), "exp": time.time() + 86_400.5})),
    Quirk("a null in place of a time", put(claims={"nbf": None})),
    Quirk("us in a list", put(claims={"aud": ["countersign"]})),
    Quirk(
        "us and others, issued to us",
        put(claims={"aud": ["x", "countersign"], "azp": "countersign"}),
    ),
    Quirk(
        "us and others, issued to nobody",
        put(claims={"aud": ["x", "countersign"]}),
        NO_CLAIM,
        {"claim": "azp", "expected": "countersign", "received": "nothing"},
    ),
    Quirk(
        "issued to somebody else",
        put(claims={"aud": ["x", "countersign"], "azp": "x"}),
        WRONG_CLAIM,
        {"claim": "azp", "expected": "countersign", "received": "x"},
    ),
    Quirk(
        "issued to a list",
        put(claims={"azp": ["countersign"]}),
        WRONG_CLAIM,
        {"claim": "azp", "received": ["countersign"]},
    ),
    Quirk(
        "for somebody else",
        put(claims={"aud": "another"}),
        WRONG_CLAIM,
        {"claim": "aud", "expected": "countersign", "received": "another"},
    ),
    Quirk("for nobody", put(claims={"aud": []}), WRONG_CLAIM, {"claim": "aud", "received": []}),
    Quirk("for a number", put(claims={"aud": 7}), WRONG_CLAIM, {"claim": "aud", "received": 7}),
    Quirk(
        "by somebody else",
        put(claims={"iss": "https://other.example.com"}),
        WRONG_CLAIM,
        {"claim": "iss", "expected": "{0}", "received": "https://other.example.com"},
    ),
    Quirk(
        "a token that spells its name with a slash",
        lambda issuer: issuer.claims.update(iss=f"{issuer.address}/"),
        WRONG_CLAIM,
        {"claim": "iss", "expected": "{0}", "received": "{0}/"},
    ),
    Quirk(
        "it has expired",
        put(claims={"exp": LONG_AGO}),
        WRONG_CLAIM,
        {"claim": "exp", "received": LONG_AGO},
    ),
    Quirk("it never expires", put(claims={"exp": float("inf")}), WRONG_CLAIM, {"claim": "exp"}),
    Quirk("an end that is a word", put(claims={"exp": "tomorrow"}), WRONG_CLAIM, {"claim": "exp"}),
    Quirk("an end that is true", put(claims={"exp": True}), WRONG_CLAIM, {"claim": "exp"}),
    Quirk("issued in an hour", put(claims={"iat": soon(3600)}), WRONG_CLAIM, {"claim": "iat"}),
    Quirk("not good for an hour", put(claims={"nbf": soon(3600)}), WRONG_CLAIM, {"claim": "nbf"}),
    Quirk("no nonce", put(without_claims=("nonce",)), NO_CLAIM, {"claim": "nonce"}),
    Quirk(
        "another nonce",
        put(claims={"nonce": "another nonce"}),
        WRONG_CLAIM,
        {"claim": "nonce", "received": "another …"},
    ),
    Quirk("a nonce that is a number", put(claims={"nonce": 7}), WRONG_CLAIM, {"claim": "nonce"}),
    Quirk("no subject", put(without_claims=("sub",)), NO_CLAIM, {"claim": "sub"}),
    Quirk("a subject that is empty", put(claims={"sub": ""}), WRONG_CLAIM, {"claim": "sub"}),
    Quirk("a subject that is a number", put(claims={"sub": 7}), WRONG_CLAIM, {"claim": "sub"}),
    Quirk(
        "a subject of 256 letters", put(claims={"sub": "a" * 256}), WRONG_CLAIM, {"claim": "sub"}
    ),
    Quirk(
        "a subject with a line break",
        put(claims={"sub": "a\nb"}),
        WRONG_CLAIM,
        {"claim": "sub", "received": "a\\u000ab"},
    ),
    Quirk(
        "the hash of another access token",
        put(claims={"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
        WRONG_CLAIM,
        {"claim": "at_hash", "received": "AAAAAAAAAAAAAAAAAAAAAA"},
    ),
    Quirk("the right hash", put(claims={"at_hash": "FPlcM-1UXiivOYozpUrp7Q"})),
    Quirk("claims that are a list", put(payload=b"[]"), UNREADABLE),
    Quirk("claims of brackets", put(payload=b"[" * 50_000), UNREADABLE),
    Quirk("a number of 5000 digits", put(payload=b'{"iat":' + b"9" * 5000 + b"}"), UNREADABLE),
    Quirk("claims that are no text", put(payload=b'\xff{"sub":"x"}'), UNREADABLE),
    Quirk(
        "claims of 200 kilobytes",
        put(claims={"groups": ["g" * 1000] * 200}),
        UNREADABLE,
        {"exception": "ExceededSizeError"},
    ),
    Quirk("claims of 80 kilobytes", put(claims={"groups": ["g" * 1000] * 80})),
]

TOKENS = [
    Quirk("more members beside the token", put(tokens={"scope": 7, "expires_in": "3600", "x": {}})),
    Quirk("no access token", put(without_tokens=("access_token",))),
    Quirk("an access token that is a list", put(tokens={"access_token": []})),
    Quirk("no type of the access token", put(without_tokens=("token_type",))),
    Quirk("another type of it", put(tokens={"token_type": "mac"})),
    Quirk("an answer with status 201", put(wrap={TOKEN: lambda r: Response(r.body, 201)})),
    Quirk("no ID token", put(without_tokens=("id_token",)), NO_ID_TOKEN, {"received": "nothing"}),
    Quirk("an ID token that is null", put(tokens={"id_token": None}), NO_ID_TOKEN),
    Quirk("an ID token that is a list", put(tokens={"id_token": ["a"]}), NO_ID_TOKEN),
    Quirk(
        "an error without a description",
        error(400, error="invalid_grant"),
        NOT_REDEEMED,
        {"status": 400, "error": "invalid_grant"},
        "Its message: invalid_grant<",
    ),
    Quirk(
        "an error with a description",
        error(400, error="invalid_grant", error_description="AADSTS70008: The code has expired."),
        NOT_REDEEMED,
        {"error": "invalid_grant", "error_description": "AADSTS70008: The code has expired."},
        "invalid_grant: AADSTS70008: The code has expired.",
    ),
    Quirk(
        "an error with status 200",
        error(200, error="bad_verification_code"),
        NOT_REDEEMED,
        {"status": 200, "error": "bad_verification_code"},
        "bad_verification_code",
    ),
    Quirk(
        "an error that is an object",
        error(400, error={"code": 7}, error_description=["x"]),
        NOT_REDEEMED,
        {"error": "a value of the type dict", "error_description": ["x"]},
    ),
    Quirk(
        "markup in the error",
        error(400, error="<b>x</b>", error_description="<script>alert(1)</script>"),
        NOT_REDEEMED,
        {"error": "<b>x</b>", "error_description": "<script>alert(1)</script>"},
        "&lt;b&gt;x&lt;/b&gt;: &lt;script&gt;alert(1)&lt;/script&gt;",
    ),
    Quirk(
        "an error of a hundred kilobytes",
        error(400, error="x" * 100_000),
        NOT_REDEEMED,
        {"error": "x" * 300 + "…"},
        "x" * 300,
    ),
    Quirk(
        "status 500 with a page",
        reply(TOKEN, content="<html>", status_code=500, media_type="text/html"),
        NO_TOKENS,
        {"status": 500, "content_type": "text/html; charset=utf-8"},
    ),
    Quirk(
        "a redirect of the token request",
        put(replies={TOKEN: lambda: RedirectResponse("https://login.example.com/", 307)}),
        NO_TOKENS,
        {"status": 307, "location": "https://login.example.com/"},
    ),
    Quirk("tokens of a megabyte", put(tokens={"x": "x" * 1_100_000}), TOO_LARGE_TOKENS),
    Quirk(
        "tokens that never end",
        put(replies={TOKEN: lambda: StreamingResponse(drips())}),
        NO_TOKEN_ANSWER,
        {"exception": "TimeoutError"},
        seconds=1.5,
    ),
    Quirk("tokens as a form", reply(TOKEN, content="access_token=x&id_token=y"), NO_TOKENS),
]

ANSWERS = [
    Quirk(
        "it names itself, rightly",
        lambda issuer: issuer.answer.update(iss=issuer.address),
    ),
    Quirk(
        "it names somebody else",
        put(answer={"iss": "https://other.example.com"}),
        ANOTHER_ANSWER,
        {"parameter": "iss", "expected": "{0}", "received": "https://other.example.com"},
    ),
    Quirk(
        "an error of somebody else",
        put(answer={"error": "x", "iss": "https://other.example.com"}),
        ANOTHER_ANSWER,
    ),
    Quirk(
        "access denied",
        put(answer={"error": "access_denied"}, without_answer=("code",)),
        ERROR_ANSWER,
        {"error": "access_denied"},
        "Its message: access_denied<",
    ),
    Quirk(
        "access denied, with markup",
        put(
            answer={
                "error": "access_denied",
                "error_description": "AADSTS50105: <img src=x onerror=alert(1)>\u202e",
            }
        ),
        ERROR_ANSWER,
        {"error_description": "AADSTS50105: <img src=x onerror=alert(1)>\\u202e"},
        "access_denied: AADSTS50105: &lt;img src=x onerror=alert(1)&gt;\\u202e",
    ),
    Quirk(
        "an error beside a code",
        put(answer={"error": "login_required"}),
        ERROR_ANSWER,
        {"error": "login_required"},
        "Its message: login_required<",
    ),
    Quirk("neither code nor error", put(without_answer=("code",)), NO_CODE),
    Quirk("a code that is empty", put(answer={"code": ""}), NO_CODE),
    Quirk("more parameters", put(answer={"session_state": "x", "code2": "<b>"})),
]

GROUPS = {
    "header": HEADERS,
    "key set": KEY_SETS,
    "rotation": ROTATIONS,
    "authentication": AUTHENTICATION,
    "metadata": METADATA_QUIRKS,
    "claims": CLAIMS,
    "token response": TOKENS,
    "authorization response": ANSWERS,
}
QUIRKS = {f"{group}: {quirk.name}": quirk for group, quirks in GROUPS.items() for quirk in quirks}
