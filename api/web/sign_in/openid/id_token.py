"""Verifies ID tokens (OpenID Connect Core, section 3.1.3.7).

Header parameters and claims that are not used here are not looked at, whatever they hold
(RFC 7515, section 4; RFC 7519, section 4). Those that are used are checked exactly.
"""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from joserfc.errors import ClaimError, MissingClaimError
from joserfc.jwt import JWTClaimsRegistry

from api.openid.documents import Documents
from api.openid.errors import ProviderError, or_nothing
from api.openid.signed_token import verify_signature

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


def claims_of(token: str, documents: Documents[Any], expected: Expected) -> dict[str, Any]:
    """Return the claims of a token, once its signature and its registered claims are verified.

    Raises:
        ProviderError: It is not to be believed; says which two values differ.
    """
    signed = verify_signature(token, documents)
    used = {name: signed.claims[name] for name in _USED if signed.claims.get(name) is not None}
    _check_claims(used, expected, int(time.time()))
    _check_at_hash(used, expected, str(signed.header["alg"]))
    return signed.claims


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
