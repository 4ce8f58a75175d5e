"""Verifies the signature of a token by an issuer's published keys (RFC 7515).

Header parameters that are not used here are not looked at, whatever they hold: keys and addresses
of keys in a header (`jwk`, `jku`, `x5c`, `x5u`) are never used. Those that are used are checked
exactly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact
from joserfc.registry import JWS_HEADER_REGISTRY

from api.openid.documents import Documents
from api.openid.errors import ProviderError, or_nothing


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token whose signature is the issuer's; its claims are not checked yet."""

    header: dict[str, Any]
    claims: dict[str, Any]


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


def verify_signature(token: str, documents: Documents[Any]) -> SignedToken:
    """Return header and claims of a token, once its signature is verified.

    Raises:
        ProviderError: It is not to be believed; says which two values differ.
    """
    registry = _Registry()
    try:
        signed = extract_compact(token.encode("utf-8"), registry=registry)
        header = dict(signed.headers())
    except Exception as error:  # whatever the library makes of a foreign token
        raise unreadable(error) from error
    if "crit" in header:
        raise ProviderError(
            "The ID token demands that header parameters are understood which are not.",
            {"header": "crit", "expected": "nothing", "received": header["crit"]},
        )
    _check_signature(signed, header, documents, registry)
    try:
        claims = json.loads(signed.payload)
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from error
    if not isinstance(claims, dict):
        raise unreadable(TypeError("the claims are no object"))
    return SignedToken(header, claims)


def _check_signature(
    signed: CompactSignature,
    header: dict[str, Any],
    documents: Documents[Any],
    registry: JWSRegistry,
) -> None:
    algorithm, allowed = header["alg"], documents.metadata.algorithms
    if not isinstance(algorithm, str):
        raise unreadable(TypeError("the algorithm is no text"))
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


def unreadable(error: Exception) -> ProviderError:
    """Return the error for a token that has not the form of one."""
    reason = str(error) if isinstance(error, JoseError) else None
    return ProviderError(
        "The ID token cannot be read.",
        {"exception": type(error).__name__, "reason": reason},
    )
