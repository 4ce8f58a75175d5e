"""Detached signatures in CMS (RFC 5652) with certificates: `openssl cms -verify` takes them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from countersign.errors import UsageError
from countersign.signing import der
from countersign.signing.hashing import HashedFile
from countersign.signing.public_keys import HASHES, VerifyingKey

_DATA = der.identifier("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.identifier("1.2.840.113549.1.7.2")
_CONTENT_TYPE = der.identifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.identifier("1.2.840.113549.1.9.4")
_RSA = der.element(der.SEQUENCE, der.identifier("1.2.840.113549.1.1.1"), der.NULL)
_DIGESTS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_ECDSA = {
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
#: Tags of what is optional in these structures: certificates, and the attributes that are signed.
_CONTEXT_0 = 0xA0


class CmsForm:
    """A signature over attributes with the file's digest, in DER.

    No time is among the attributes, so that the same file has the same attributes in every run and
    uses no second signature. A time stamp is what proves a time.

    Args:
        key: The public key: ECDSA, or RSA with PKCS#1 v1.5.
        digest_name: The hash function.
        chain: The certificates, the key's own first; needed to sign, not to verify.

    Raises:
        UsageError: The key is of another kind.
    """

    suffix = ".p7s"

    def __init__(
        self, key: VerifyingKey, digest_name: str, chain: Sequence[x509.Certificate] = ()
    ) -> None:
        if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise UsageError("--format cms needs an ECDSA or RSA keypair.")
        self._key = key
        self._chain = chain
        self.file_digest_name = digest_name

    def request(self, file: HashedFile) -> dict[str, Any]:
        """Return the digest of the attributes."""
        return {
            "digest": b64encode(self._digest(_attributes(file))).decode(),
            "digestAlgorithm": self.file_digest_name.upper(),
        }

    def assemble(self, file: HashedFile, value: bytes) -> bytes:
        """Return the content info with signature and certificates."""
        name = self.file_digest_name
        digest_algorithm = der.element(der.SEQUENCE, der.identifier(_DIGESTS[name]))
        certificates = [certificate.public_bytes(Encoding.DER) for certificate in self._chain]
        signer = der.element(
            der.SEQUENCE,
            der.integer(1),
            self._signer_identifier(),
            digest_algorithm,
            der.set_of(*_attributes(file), tag=_CONTEXT_0),
            self._signature_algorithm(),
            der.element(der.OCTET_STRING, value),
        )
        signed_data = der.element(
            der.SEQUENCE,
            der.integer(1),
            der.set_of(digest_algorithm),
            der.element(der.SEQUENCE, _DATA),
            der.set_of(*certificates, tag=_CONTEXT_0),
            der.set_of(signer),
        )
        content = der.element(_CONTEXT_0, signed_data)
        return der.element(der.SEQUENCE, _SIGNED_DATA, content)

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Tell whether one signer is the key, and signed attributes with the file's digest."""
        try:
            return any(self._is_signed(file, signer) for signer in _signers(content))
        except ValueError:
            return False

    def _is_signed(self, file: HashedFile, signer: der.Element) -> bool:
        _, _, _, attributes, _, signature, *_ = der.parts(signer.content, 0x02)
        signed = [attribute.encoded for attribute in der.elements(attributes.content)]
        if attributes.tag != _CONTEXT_0 or not set(_attributes(file)) <= set(signed):
            return False
        return self._verifies(signature.content, self._digest(signed))

    def _verifies(self, signature: bytes, digest: bytes) -> bool:
        """Verify with the one padding that the structure names."""
        prehashed = Prehashed(HASHES[self.file_digest_name])
        try:
            if isinstance(self._key, rsa.RSAPublicKey):
                self._key.verify(signature, digest, padding.PKCS1v15(), prehashed)
            elif isinstance(self._key, ec.EllipticCurvePublicKey):
                self._key.verify(signature, digest, ec.ECDSA(prehashed))
        except InvalidSignature:
            return False
        return True

    def _digest(self, attributes: Sequence[bytes]) -> bytes:
        """Return the digest of the attributes, as a set of its own (RFC 5652 section 5.4)."""
        return hashlib.new(self.file_digest_name, der.set_of(*attributes)).digest()

    def _signer_identifier(self) -> bytes:
        own = self._chain[0]
        return der.element(der.SEQUENCE, own.issuer.public_bytes(), der.integer(own.serial_number))

    def _signature_algorithm(self) -> bytes:
        if isinstance(self._key, rsa.RSAPublicKey):
            return _RSA
        return der.element(der.SEQUENCE, der.identifier(_ECDSA[self.file_digest_name]))


def _attributes(file: HashedFile) -> list[bytes]:
    """Return the attributes that are signed: what the content is, and its digest."""
    digest = der.element(der.OCTET_STRING, file.digest)
    return [
        der.element(der.SEQUENCE, _CONTENT_TYPE, der.set_of(_DATA)),
        der.element(der.SEQUENCE, _MESSAGE_DIGEST, der.set_of(digest)),
    ]


def _signers(content: bytes) -> list[der.Element]:
    """Return the signers of a content info.

    Raises:
        ValueError: It is no signed data.
    """
    (info,) = der.parts(content, der.SEQUENCE)
    kind, wrapped = der.parts(info.content, der.OBJECT_IDENTIFIER, _CONTEXT_0)
    if kind.encoded != _SIGNED_DATA:
        raise ValueError("This is CMS of another kind.")
    (signed_data,) = der.parts(wrapped.content, der.SEQUENCE)
    *_, signers = der.parts(signed_data.content, 0x02, der.SET, der.SEQUENCE)
    return list(der.elements(signers.content))
