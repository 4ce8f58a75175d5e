"""Certificate requests and self-signed certificates, to be signed by a signer.

`cryptography` builds both only around a private key that it holds itself. So a stand-in key of the
same kind signs first: what is to be signed, and how it names its algorithm, is right then. Of a
request the stand-in's public key is replaced; and the signature is put together anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from engine.formats.primitives import CURVE_DIGESTS, HASHES, generate_private_key
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.x509 import der
from engine.x509.names import CertificateNames

#: A stand-in only has to be of the same kind, and small RSA keys are made faster.
_STAND_IN_RSA_BITS = 2048


class SignatureMismatchError(Exception):
    """The signature is not of the key that it should be of."""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request or certificate without its signature."""

    #: What is signed.
    tbs: bytes
    #: How it is hashed first; None where the signer signs it as it is.
    digest_algorithm: DigestAlgorithm | None
    #: The AlgorithmIdentifier of the signature, in DER.
    algorithm_identifier: bytes

    def signed(self, signature: bytes) -> bytes:
        """Return the request or certificate with its signature, in DER."""
        return der.sequence(self.tbs, self.algorithm_identifier, der.bit_string(signature))


def unsigned_request(
    algorithm: KeypairAlgorithm, public_key_pem: str, names: CertificateNames
) -> Unsigned:
    """Return a request for a code-signing certificate (PKCS#10, RFC 2986).

    Args:
        algorithm: The algorithm of the keypair.
        public_key_pem: Its public key.
        names: Whom the certificate is to be about.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(names.subject)
    for extension, critical in _extensions(names):
        builder = builder.add_extension(extension, critical=critical)
    request = builder.sign(**_stand_in_signature(algorithm))
    info, identifier, _ = der.children(request.public_bytes(Encoding.DER))
    version, subject, _, *attributes = der.children(info)
    key = _public_key(public_key_pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    tbs = der.sequence(version, subject, key, *attributes)
    return Unsigned(tbs, digest_of(algorithm), identifier)


def unsigned_certificate(
    algorithm: KeypairAlgorithm,
    public_key_pem: str,
    names: CertificateNames,
    now: datetime,
    days: int,
) -> Unsigned:
    """Return a self-signed code-signing certificate.

    Args:
        algorithm: The algorithm of the keypair.
        public_key_pem: Its public key.
        names: Whom the certificate is about.
        now: When it begins to be valid.
        days: For how many days it is valid.
    """
    key = _public_key(public_key_pem)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    starts_at = now.replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(names.subject)
        .issuer_name(names.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts_at)
        .not_valid_after(starts_at + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
    )
    for extension, critical in _extensions(names):
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(**_stand_in_signature(algorithm))
    _, algorithm_identifier, _ = der.children(certificate.public_bytes(Encoding.DER))
    return Unsigned(certificate.tbs_certificate_bytes, digest_of(algorithm), algorithm_identifier)


def checked_request(request_der: bytes, public_key_pem: str) -> str:
    """Return a signed request in PEM.

    Raises:
        SignatureMismatchError: It is not signed by this key.
    """
    request = x509.load_der_x509_csr(request_der)
    if not request.is_signature_valid or request.public_key() != _public_key(public_key_pem):
        raise SignatureMismatchError
    return request.public_bytes(Encoding.PEM).decode("ascii")


def checked_certificate(certificate_der: bytes, public_key_pem: str) -> str:
    """Return a self-signed certificate in PEM.

    Raises:
        SignatureMismatchError: It is not signed by this key.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception as error:
        raise SignatureMismatchError from error
    if certificate.public_key() != _public_key(public_key_pem):
        raise SignatureMismatchError
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def digest_of(algorithm: KeypairAlgorithm) -> DigestAlgorithm | None:
    """Return how keys of an algorithm hash what they sign; None: they sign it as it is."""
    if algorithm.scheme in {Scheme.ED25519, Scheme.ML_DSA}:
        return None
    if algorithm.scheme is Scheme.ECDSA:
        return CURVE_DIGESTS[algorithm.bits]
    return DigestAlgorithm.SHA256


def _extensions(names: CertificateNames) -> list[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
    ]
    if names.alternatives:
        extensions.append((x509.SubjectAlternativeName(names.alternatives), False))
    return extensions


def _public_key(public_key_pem: str) -> Any:
    return load_pem_public_key(public_key_pem.encode())


def _stand_in_signature(algorithm: KeypairAlgorithm) -> dict[str, Any]:
    """Return the arguments with which a builder signs as keys of an algorithm do."""
    digest = digest_of(algorithm)
    hash_ = HASHES[digest] if digest is not None else None
    pss = None
    if algorithm.scheme is Scheme.RSA_PSS:
        assert hash_ is not None
        # As long as the digest, as signers do.
        pss = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
    return {"private_key": _stand_in(algorithm), "algorithm": hash_, "rsa_padding": pss}


@cache
def _stand_in(algorithm: KeypairAlgorithm) -> Any:
    """Return a private key of the same kind, which vouches for nothing."""
    return generate_private_key(algorithm, rsa_bits=_STAND_IN_RSA_BITS)
