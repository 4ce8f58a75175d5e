"""Reads the public keys of an OpenID provider that verify signatures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.util import base64_to_int

from api.openid.errors import ProviderError, or_nothing

#: Bits that an RSA key has at least (RFC 7518, section 3.3).
RSA_BITS = 2048
#: Keys of a set that are looked at.
KEYS = 100
_TYPES: dict[str, tuple[type[RSAKey | ECKey | OKPKey], tuple[str, ...]]] = {
    "RSA": (RSAKey, ("kty", "n", "e")),
    "EC": (ECKey, ("kty", "crv", "x", "y")),
    "OKP": (OKPKey, ("kty", "crv", "x")),
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and what the provider says of its use."""

    kid: str | None
    #: The one algorithm that it is for; any that fits its type without.
    algorithm: str | None
    #: The members that make up the key.
    members: tuple[tuple[str, str], ...]
    key: Key = field(compare=False)

    def fits(self, kid: str | None, algorithm: str) -> bool:
        """Return whether the key may have signed a token with this header.

        A token or a key without `kid` says nothing about which it is, so every such pair may fit.
        """
        same_id = kid is None or self.kid is None or kid == self.kid
        return same_id and self.algorithm in {None, algorithm}


def read_keys(document: dict[str, Any]) -> tuple[tuple[SigningKey, ...], int]:
    """Return the keys that verify signatures; others are ignored (RFC 7517, section 5).

    Returns:
        The keys, and how many were ignored.

    Raises:
        ProviderError: This is no key set.
    """
    published = document.get("keys")
    if not isinstance(published, list):
        raise ProviderError(
            "The provider's key set has no list of keys.",
            {"member": "keys", "expected": "a list", "received": or_nothing(published)},
        )
    keys = tuple(key for key in map(_read_key, published[:KEYS]) if key is not None)
    return keys, len(published) - len(keys)


def _read_key(data: object) -> SigningKey | None:
    """Return a key; None if it is not understood, too weak, or not for signatures."""
    if not isinstance(data, dict) or not _is_for_verifying(data):
        return None
    kind, kid, algorithm = data.get("kty"), data.get("kid"), data.get("alg")
    if not isinstance(kind, str) or kind not in _TYPES:
        return None
    if algorithm is not None and not isinstance(algorithm, str):
        return None
    key_class, names = _TYPES[kind]
    members = {name: data.get(name) for name in names}
    try:
        if kind == "RSA" and _bits(members["n"]) < RSA_BITS:
            return None
        key = key_class.import_key(members)  # type: ignore[arg-type] # checked inside
    except Exception:  # noqa: BLE001 - whatever the library makes of a foreign key
        return None
    texts = tuple((name, str(value)) for name, value in members.items())
    return SigningKey(kid if isinstance(kid, str) else None, algorithm, texts, key)


def _is_for_verifying(data: dict[str, Any]) -> bool:
    operations = data.get("key_ops")
    may_verify = operations is None or (isinstance(operations, list) and "verify" in operations)
    return data.get("use", "sig") == "sig" and may_verify


def _bits(modulus: object) -> int:
    """Return the size in bits of an RSA modulus in base64url; 0 for any other value."""
    if not isinstance(modulus, str):
        return 0
    return base64_to_int(modulus).bit_length()
