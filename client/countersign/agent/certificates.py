"""Certificates of keypairs that are in files, with those of the authorities above them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.errors import UsageError


def load_certificates(paths: Sequence[Path]) -> list[x509.Certificate]:
    """Return the certificates in PEM files, in their order.

    Raises:
        UsageError: A file cannot be read, or has none.
    """
    certificates: list[x509.Certificate] = []
    for path in paths:
        try:
            certificates += x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} is no file of certificates in PEM: {error}.") from error
    return certificates


def chain_of(
    public_key_info: bytes, certificates: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Return the certificate of a public key and those above it; empty if there is none."""
    leaf = next((c for c in certificates if _public_key_info(c) == public_key_info), None)
    chain = [] if leaf is None else [leaf]
    while chain and chain[-1].issuer != chain[-1].subject:
        above = next((c for c in certificates if c.subject == chain[-1].issuer), None)
        if above is None or above in chain:
            break
        chain.append(above)
    return tuple(chain)


def _public_key_info(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
