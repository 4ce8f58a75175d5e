"""Read a chain of certificates, and check that it vouches for a key.

A chain comes from outside. Whatever is wrong with it becomes a `ChainFault` with a sentence; no
exception of the parser leaves this module. Critical extensions that nobody knows are allowed: those
of Apple's code-signing certificates are of this kind, and Countersign relies on none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from engine.model.certificates import (
    MAX_CHAIN_CERTIFICATES,
    MAX_CHAIN_CHARACTERS,
    CertificateWarning,
)
from engine.model.text import quoted

ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)

#: The most characters of a subject or issuer that are kept.
MAX_NAME_CHARACTERS = 500
_SIGNING_USAGES = frozenset(
    {ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
)
_WEAK_DIGESTS = (hashes.MD5, hashes.SHA1)


class ChainFault(Exception):
    """A chain is not accepted; the message is a sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain that vouches for the key of its leaf."""

    #: The certificates in PEM and nothing else, the leaf first.
    pem: str
    subject: str
    issuer: str
    #: The serial number of the leaf in hexadecimal digits.
    serial_number: str
    #: SHA-256 of the leaf in DER, in hexadecimal digits.
    fingerprint: str
    #: The instants between which every certificate of the chain is valid: start <= now < end.
    valid_from: datetime
    expires_at: datetime
    warnings: tuple[CertificateWarning, ...]


def read_chain(text: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a text in PEM.

    Raises:
        ChainFault: It has none, too many, or something else than certificates.
    """
    if len(text) > MAX_CHAIN_CHARACTERS:
        raise ChainFault(f"The chain is too large. Give at most {MAX_CHAIN_CHARACTERS} characters.")
    if "PRIVATE KEY-----" in text:
        raise ChainFault(
            "This has a private key, which was not stored. Treat that key as disclosed, and give"
            " certificates alone."
        )
    with _faults_of_parser():
        chain = tuple(x509.load_pem_x509_certificates(text.encode()))
    if len(chain) > MAX_CHAIN_CERTIFICATES:
        raise ChainFault(f"Give at most {MAX_CHAIN_CERTIFICATES} certificates, not {len(chain)}.")
    return chain


def check_chain(text: str, public_key_pem: str, now: datetime) -> Chain:
    """Return the chain of a text, if it vouches for a key at an instant or later.

    Args:
        text: The chain in PEM: the certificate of the key first, then each one that signed the one
            before it.
        public_key_pem: The key, as SubjectPublicKeyInfo in PEM.
        now: The instant as of which nothing of the chain may have expired.

    Raises:
        ChainFault: It is not accepted.
    """
    chain = read_chain(text)
    with _faults_of_parser():
        _require_key(chain[0], public_key_pem)
        _require_order(chain)
        _require_authorities(chain[1:])
        _require_validity(chain, now)
        return _described(chain, now)


def expired_message(expired_at: datetime) -> str:
    """Return the sentence about a chain that has expired."""
    return f"A certificate expired on {expired_at:%Y-%m-%d %H:%M:%S} UTC. Add a newer one."


def _require_key(leaf: x509.Certificate, public_key_pem: str) -> None:
    own = load_pem_public_key(public_key_pem.encode())
    if _spki(leaf.public_key()) != _spki(own):
        raise ChainFault(
            "The first certificate is of another key. Put the certificate of this keypair first."
        )


def _require_order(chain: Sequence[x509.Certificate]) -> None:
    for number, (issued, issuer) in enumerate(pairwise(chain), start=1):
        try:
            issued.verify_directly_issued_by(issuer)
        except Exception as error:
            # ValueError: another issuer; InvalidSignature; TypeError: a key that signs nothing.
            raise ChainFault(
                f"Certificate {number + 1} has not signed certificate {number}. Put the"
                " certificate of the keypair first, and after each one its issuer's."
            ) from error


def _require_authorities(issuers: Sequence[x509.Certificate]) -> None:
    """Require basic constraints, path length and key usage of every issuer (RFC 5280, 6.1.4)."""
    for below, issuer in enumerate(issuers):
        constraints = _extension(issuer, x509.BasicConstraints)
        usage = _extension(issuer, x509.KeyUsage)
        if constraints is None or not constraints.ca or (usage and not usage.key_cert_sign):
            raise ChainFault(
                f"Certificate {below + 2} may not issue certificates. Ask your authority for its"
                " intermediate certificates."
            )
        if constraints.path_length is not None and constraints.path_length < below:
            raise ChainFault(
                f"Certificate {below + 2} allows fewer certificates below it. Ask your authority"
                " for the right chain."
            )


def _require_validity(chain: Sequence[x509.Certificate], now: datetime) -> None:
    starts, ends = _validity(chain)
    if ends <= now:
        raise ChainFault(expired_message(ends))
    if ends <= starts:
        raise ChainFault(
            "The certificates are never valid at the same time. Ask your authority for the right"
            " chain."
        )


def _validity(chain: Sequence[x509.Certificate]) -> tuple[datetime, datetime]:
    starts = max(certificate.not_valid_before_utc for certificate in chain)
    return starts, min(certificate.not_valid_after_utc for certificate in chain)


def _described(chain: Sequence[x509.Certificate], now: datetime) -> Chain:
    leaf = chain[0]
    valid_from, expires_at = _validity(chain)
    warnings = tuple(warning for warning, applies in _WARNINGS.items() if applies(chain))
    return Chain(
        pem="".join(item.public_bytes(Encoding.PEM).decode("ascii") for item in chain),
        subject=_shown(leaf.subject),
        issuer=_shown(leaf.issuer),
        serial_number=f"{leaf.serial_number:x}",
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        valid_from=valid_from,
        expires_at=expires_at,
        warnings=(*warnings, CertificateWarning.NOT_YET_VALID) if now < valid_from else warnings,
    )


def _shown(name: x509.Name) -> str:
    return quoted(name.rfc4514_string(), MAX_NAME_CHARACTERS)


def _lacks_code_signing(chain: Sequence[x509.Certificate]) -> bool:
    usages = _extension(chain[0], x509.ExtendedKeyUsage)
    return usages is None or _SIGNING_USAGES.isdisjoint(usages)


def _lacks_digital_signature(chain: Sequence[x509.Certificate]) -> bool:
    usage = _extension(chain[0], x509.KeyUsage)
    return usage is None or not usage.digital_signature


def _issues_certificates(chain: Sequence[x509.Certificate]) -> bool:
    constraints = _extension(chain[0], x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _is_self_signed(chain: Sequence[x509.Certificate]) -> bool:
    return chain[0].issuer == chain[0].subject


def _has_weak_digest(chain: Sequence[x509.Certificate]) -> bool:
    # A root vouches for itself by being known, whatever it is signed with.
    signed = (item for item in chain if item.issuer != item.subject)
    return any(isinstance(item.signature_hash_algorithm, _WEAK_DIGESTS) for item in signed)


_WARNINGS: dict[CertificateWarning, Callable[[Sequence[x509.Certificate]], bool]] = {
    CertificateWarning.NO_CODE_SIGNING: _lacks_code_signing,
    CertificateWarning.NO_DIGITAL_SIGNATURE: _lacks_digital_signature,
    CertificateWarning.ISSUES_CERTIFICATES: _issues_certificates,
    CertificateWarning.SELF_SIGNED: _is_self_signed,
    CertificateWarning.WEAK_DIGEST: _has_weak_digest,
}


def _extension(certificate: x509.Certificate, kind: type[ExtensionT]) -> ExtensionT | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@contextmanager
def _faults_of_parser() -> Iterator[None]:
    """Turn whatever the parser raises, at once or when a part is first read, into a fault."""
    try:
        yield
    except ChainFault:
        raise
    except Exception as error:
        raise ChainFault(
            "The certificates cannot be read. Give X.509 certificates in PEM, as your authority"
            " sent them."
        ) from error
