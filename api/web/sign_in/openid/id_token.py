"""Verifies ID tokens (OpenID Connect Core, section 3.1.3.7).

Header parameters and claims that are not used here are not looked at, whatever they hold
(RFC 7515, section 4; RFC 7519, section 4). Those that are used are checked exactly.
"""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from joserfc.errors import ClaimError, JoseError, MissingClaimError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact
from joserfc.jwt import JWTClaimsRegistry
from joserfc.registry import JWS_HEADER_REGISTRY

from api.web.sign_in.openid.provider_documents import Documents
from api.web.sign_in.openid.provider_errors import ProviderError, or_nothing

#: Seconds that the provider's clock may differ from ours.
LEEWAY_SECONDS = 60
_SUBJECT_CHARACTERS = 255
_USED = ("iss", "sub", "aud", "azp", "exp", "nbf", "iat", "nonce", "at_hash")
_ESSENTIAL = frozenset({"iss", "sub", "aud", "exp", "iat", "nonce"})
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Expected:
    """The values that the claims of a token must have."""

    issuer: str
    client_id: str
    nonce: str
    #: What came together with the token; None where the provider sent no text.
    access_token: str | None


class _Registry(JWSRegistry):
    """Of the header, only what is used; certificates and large keys fit into a token."""

    max_header_length = 32 * 1024
    max_signature_length = 4 * 1024

    def __init__(self) -> None:
        super().__init__(strict_check_header=False)
        self.header_registry = {"alg": JWS_HEADER_REGISTRY["alg"]}

    def get_alg(self, name: str) -> Any:
        """Return the algorithm, without the library's warning that EdDSA has a newer name."""
        return self.algorithms[name]


def claims_of(token: str, documents: Documents, expected: Expected) -> dict[str, Any]:
    """Return the claims of a token, once its signature and its registered claims are verified.

    Raises:
        ProviderError: It is not to be believed; says which two values differ.
    """
    registry = _Registry()
    try:
        signed = extract_compact(token.encode("utf-8"), registry=registry)
        header = dict(signed.headers())
    except Exception as error:  # whatever the library makes of a foreign token
        raise _unreadable(error) from error
    if "crit" in header:
        raise ProviderError(
            "The ID token demands that header parameters are understood which are not.",
            {"header": "crit", "expected": "nothing", "received": header["crit"]},
        )
    _check_signature(signed, header, documents, registry)
    try:
        claims = json.loads(signed.payload)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error) from error
    if not isinstance(claims, dict):
        raise _unreadable(TypeError("the claims are no object"))
    used = {name: claims[name] for name in _USED if claims.get(name) is not None}
    _check_claims(used, expected, int(time.time()))
    _check_at_hash(used, expected, str(header["alg"]))
    return claims


def _check_signature(
    signed: CompactSignature, header: dict[str, Any], documents: Documents, registry: JWSRegistry
) -> None:
    algorithm, allowed = header["alg"], documents.metadata.algorithms
    if not isinstance(algorithm, str):
        raise _unreadable(TypeError("the algorithm is no text"))
    kid = header["kid"] if isinstance(header.get("kid"), str) else None
    if algorithm not in allowed:
        raise ProviderError(
            "The ID token is signed with an algorithm that is not allowed.",
            {"header": "alg", "expected": allowed, "received": algorithm},
            may_be_outdated=True,
        )
    fitting = [key.key for key in documents.keys if key.fits(kid, algorithm)]
    tried = [_verifies(signed, key, registry) for key in fitting]
    if any(tried):
        return
    named = [key.kid or "a key without an id" for key in documents.keys]
    raise ProviderError(
        "The ID token's signature is by none of the provider's keys.",
        {
            "header": "kid",
            "expected": named,
            "received": or_nothing(kid),
            "algorithm": algorithm,
            "ignored_keys": documents.ignored_keys,
        },
        may_be_outdated=True,
    )


def _verifies(signed: CompactSignature, key: Any, registry: JWSRegistry) -> bool:
    try:
        return validate_compact(signed, key, registry=registry)
    except Exception:  # noqa: BLE001 - a key of another type, or whatever the library raises
        return False


def _check_claims(claims: dict[str, Any], expected: Expected, now: int) -> None:
    """Check the registered claims: their values and times."""
    audience = claims.get("aud")
    has_others = isinstance(audience, list) and len(audience) > 1
    essential = _ESSENTIAL | ({"azp"} if has_others else frozenset())
    options: dict[str, Any] = {name: {"essential": True} for name in sorted(essential)} | {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    descriptions = _descriptions(expected, now)
    try:
        JWTClaimsRegistry(now=now, leeway=LEEWAY_SECONDS, **options).validate(claims)
    except ClaimError as error:
        name = error.claim.partition(",")[0]
        kind = "lacks a claim" if isinstance(error, MissingClaimError) else "has a wrong claim"
        raise _wrong(kind, name, descriptions[name], claims.get(name)) from error
    subject = claims["sub"]
    wrong = {
        "sub": not 0 < len(subject) <= _SUBJECT_CHARACTERS or not subject.isprintable(),
        "nonce": claims["nonce"] != expected.nonce,
        "azp": claims.get("azp", expected.client_id) != expected.client_id,
    }
    for name in (name for name, is_wrong in wrong.items() if is_wrong):
        raise _wrong("has a wrong claim", name, descriptions[name], claims[name])


def _descriptions(expected: Expected, now: int) -> dict[str, str]:
    """Return for the log which value each claim was expected to have."""
    earliest, latest = f"after {now - LEEWAY_SECONDS}", f"not after {now + LEEWAY_SECONDS}"
    return {
        "iss": expected.issuer,
        "aud": expected.client_id,
        "azp": expected.client_id,
        "sub": f"1 to {_SUBJECT_CHARACTERS} printable characters",
        "nonce": _beginning(expected.nonce),
        "exp": earliest,
        "iat": latest,
        "nbf": latest,
    }


def _beginning(nonce: str) -> str:
    """Return the beginning of a value, which is enough to compare two."""
    return f"{nonce[:8]}…"


def _check_at_hash(claims: dict[str, Any], expected: Expected, algorithm: str) -> None:
    """Check that the access token is the one that was issued with the ID token, if it says so.

    No specification says which hash belongs to EdDSA, so it is not checked there.
    """
    make, received = _HASHES.get(algorithm[-3:]), claims.get("at_hash")
    if received is None or expected.access_token is None or make is None:
        return
    digest = make(expected.access_token.encode("utf-8")).digest()
    right = urlsafe_b64encode(digest[: len(digest) // 2]).decode("ascii").rstrip("=")
    if received != right:
        raise _wrong("has a wrong claim", "at_hash", right, received)


def _wrong(kind: str, claim: str, expected: object, received: object) -> ProviderError:
    if claim == "nonce" and isinstance(received, str):
        received = _beginning(received)
    return ProviderError(
        f"The ID token {kind}.",
        {"claim": claim, "expected": expected, "received": or_nothing(received)},
        may_be_outdated=claim == "iss",
    )


def _unreadable(error: Exception) -> ProviderError:
    reason = str(error) if isinstance(error, JoseError) else None
    return ProviderError(
        "The ID token cannot be read.",
        {"exception": type(error).__name__, "reason": reason},
    )
