"""The forms of a stored chain that programs ask for."""

from __future__ import annotations

from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7


class ChainForms:
    """A chain in several forms; each is made when it is first asked for.

    Args:
        pem: The certificates in PEM, the leaf first.
    """

    def __init__(self, pem: str) -> None:
        self.chain_pem = pem

    @property
    def leaf_pem(self) -> str:
        """The leaf in PEM (RFC 7468)."""
        return self._leaf.public_bytes(Encoding.PEM).decode("ascii")

    @property
    def leaf_der(self) -> bytes:
        """The leaf in DER."""
        return self._leaf.public_bytes(Encoding.DER)

    @property
    def pkcs7(self) -> bytes:
        """All certificates as PKCS#7 in DER without a signature (RFC 5652), for Windows."""
        return pkcs7.serialize_certificates(list(self._certificates), Encoding.DER)

    @property
    def sha1_fingerprint(self) -> str:
        """SHA-1 of the leaf in hexadecimal digits: Windows' thumbprint. No proof of anything."""
        return self._leaf.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - a name

    @property
    def _leaf(self) -> x509.Certificate:
        return self._certificates[0]

    @cached_property
    def _certificates(self) -> tuple[x509.Certificate, ...]:
        return tuple(x509.load_pem_x509_certificates(self.chain_pem.encode()))
