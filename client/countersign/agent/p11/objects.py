"""What is in the token: for each keypair a private and a public key, and its certificates.

Ed25519 is left out: p11-kit does not transport its mechanism, and one such key makes libp11, by
which OpenSSL and osslsigncode use tokens, lose all others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.agent.p11.constants import Attribute, KeyType, ObjectClass
from countersign.agent.p11.mechanisms import mechanisms_of
from countersign.agent.p11.wire import AttributeValue
from countersign.agent.signing_keys import AgentKey, KeySigner, PublicKey, Scheme

#: Object identifiers of curves, in DER.
CURVE_IDENTIFIERS = {
    "secp256r1": bytes.fromhex("06082a8648ce3d030107"),
    "secp384r1": bytes.fromhex("06052b81040022"),
    "secp521r1": bytes.fromhex("06052b81040023"),
}
X509_CERTIFICATE = 0
#: Categories of certificates: the token's own, and those of authorities above it.
TOKEN_USER, AUTHORITY = 1, 2

Attributes = dict[int, AttributeValue]

#: What the private keys of the server would have to say, and never do.
SECRET_ATTRIBUTES = frozenset(
    {
        Attribute.VALUE,
        Attribute.PRIVATE_EXPONENT,
        Attribute.PRIME_1,
        Attribute.PRIME_2,
        Attribute.EXPONENT_1,
        Attribute.EXPONENT_2,
        Attribute.COEFFICIENT,
    }
)
_STORED: Attributes = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: False,  # so that no tool asks for a PIN before it looks
    Attribute.MODIFIABLE: False,
}
_PRIVATE_KEY: Attributes = _STORED | {
    Attribute.CLASS: ObjectClass.PRIVATE_KEY,
    Attribute.SIGN: True,
    Attribute.SIGN_RECOVER: False,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
    Attribute.DERIVE: False,
    Attribute.SENSITIVE: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.NEVER_EXTRACTABLE: True,
    Attribute.LOCAL: True,
    Attribute.ALWAYS_AUTHENTICATE: False,
}
_PUBLIC_KEY: Attributes = _STORED | {
    Attribute.CLASS: ObjectClass.PUBLIC_KEY,
    Attribute.VERIFY: False,  # the token only signs
    Attribute.VERIFY_RECOVER: False,
    Attribute.ENCRYPT: False,
    Attribute.WRAP: False,
    Attribute.DERIVE: False,
    Attribute.LOCAL: True,
}
_CERTIFICATE: Attributes = _STORED | {
    Attribute.CLASS: ObjectClass.CERTIFICATE,
    Attribute.CERTIFICATE_TYPE: X509_CERTIFICATE,
    Attribute.TRUSTED: False,
}


@dataclass(frozen=True, slots=True)
class TokenObject:
    """An object of the token.

    Attributes:
        attributes: What it says of itself.
        key: The keypair that it is the private key of, if it is one.
    """

    attributes: Attributes
    key: AgentKey | None = None

    @property
    def is_private_key(self) -> bool:
        """Whether it is a private key."""
        return self.key is not None

    def matches(self, template: Sequence[tuple[int, AttributeValue | None]]) -> bool:
        """Whether it has all attributes of a search."""
        return all(self.attributes.get(type_) == value for type_, value in template)


def _key_id(public_key_info: bytes) -> bytes:
    """The same for a key and its certificate, by which tools pair them.

    It does not begin with a zero, since some libraries take it for a number.
    """
    return b"\1" + hashlib.sha1(public_key_info, usedforsecurity=False).digest()


def _octet_string(content: bytes) -> bytes:
    """Content of less than 256 bytes in DER."""
    length = [len(content)] if len(content) < 0x80 else [0x81, len(content)]
    return bytes([0x04, *length]) + content


def _public_attributes(public_key: PublicKey) -> Attributes:
    match public_key:
        case rsa.RSAPublicKey():
            numbers = public_key.public_numbers()
            return {
                Attribute.KEY_TYPE: KeyType.RSA,
                Attribute.MODULUS: numbers.n.to_bytes(public_key.key_size // 8),
                Attribute.MODULUS_BITS: public_key.key_size,
                Attribute.PUBLIC_EXPONENT: numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8),
            }
        case ec.EllipticCurvePublicKey(curve=curve):
            point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return {
                Attribute.KEY_TYPE: KeyType.EC,
                Attribute.EC_PARAMS: CURVE_IDENTIFIERS[curve.name],
                Attribute.EC_POINT: _octet_string(point),
            }
    raise TypeError(type(public_key).__name__)


def _key_objects(key: AgentKey) -> Iterator[TokenObject]:
    subject = key.certificates[0].subject.public_bytes() if key.certificates else b""
    common = {
        **_public_attributes(key.public_key),
        Attribute.LABEL: key.alias.encode(),
        Attribute.ID: _key_id(key.public_key_info),
        Attribute.SUBJECT: subject,
        Attribute.PUBLIC_KEY_INFO: key.public_key_info,
        Attribute.ALLOWED_MECHANISMS: mechanisms_of(key.scheme),
    }
    yield TokenObject({**_PRIVATE_KEY, **common}, key)
    yield TokenObject({**_PUBLIC_KEY, **common})


def _certificate_object(certificate: x509.Certificate, label: str, category: int) -> TokenObject:
    public_key_info = certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    serial_number = certificate.serial_number
    serial_bytes = serial_number.to_bytes(serial_number.bit_length() // 8 + 1)
    return TokenObject(
        {
            **_CERTIFICATE,
            Attribute.CERTIFICATE_CATEGORY: category,
            Attribute.LABEL: label.encode(),
            Attribute.ID: _key_id(public_key_info),
            Attribute.SUBJECT: certificate.subject.public_bytes(),
            Attribute.ISSUER: certificate.issuer.public_bytes(),
            Attribute.SERIAL_NUMBER: bytes([0x02, len(serial_bytes)]) + serial_bytes,
            Attribute.VALUE: certificate.public_bytes(Encoding.DER),
        }
    )


def _certificate_objects(key: AgentKey) -> Iterator[TokenObject]:
    for position, certificate in enumerate(key.certificates):
        if position == 0:
            yield _certificate_object(certificate, key.alias, TOKEN_USER)
        else:
            yield _certificate_object(certificate, certificate.subject.rfc4514_string(), AUTHORITY)


def token_objects(keys: Sequence[AgentKey]) -> list[TokenObject]:
    """The objects of the token; an authority's certificate is there once."""
    usable = [key for key in keys if key.scheme is not Scheme.ED25519 and not key.is_openpgp]
    certificates = {
        obj.attributes[Attribute.VALUE]: obj for key in usable for obj in _certificate_objects(key)
    }
    return [obj for key in usable for obj in _key_objects(key)] + list(certificates.values())


@dataclass(slots=True)
class ObjectTable:
    """The objects of the token with their handles, which stay the same while the agent runs."""

    signer: KeySigner
    _keys: Sequence[AgentKey] | None = None
    _handles: dict[tuple[AttributeValue, ...], int] = field(default_factory=dict)
    _objects: dict[int, TokenObject] = field(default_factory=dict)

    async def refresh(self) -> Mapping[int, TokenObject]:
        """The objects of the keys that can be used now, by handle.

        Raises:
            ClientError: The server does not say which.
        """
        keys = await self.signer.keys()
        if keys is not self._keys:
            self._keys = keys
            self._objects = {self._handle(obj): obj for obj in token_objects(keys)}
        return self._objects

    def get(self, handle: int) -> TokenObject | None:
        """The object of a handle; None if there is none any more."""
        return self._objects.get(handle)

    def _handle(self, obj: TokenObject) -> int:
        identity = (
            obj.attributes[Attribute.CLASS],
            obj.attributes[Attribute.LABEL],
            obj.attributes.get(Attribute.VALUE, obj.attributes[Attribute.ID]),
        )
        return self._handles.setdefault(identity, len(self._handles) + 1)
