"""OpenPGP certificates over raw keys, which may be in any signer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from engine.openpgp.certificate import (
    CERTIFICATE_HASH,
    CertificateContent,
    SigningHalf,
    make_certificate,
    make_revocation,
    read_content,
    renew_certificate,
)
from engine.openpgp.keys import OpenPgpKey
from engine.signers.base import Digest, Signer, SigningKey
from engine.signers.guard import make_signature
from engine.signers.key_proof import require_signature_of

#: The name of the backend in which earlier versions kept OpenPGP keys.
RETIRED_OPENPGP_BACKEND = "openpgp"
#: OpenPGP counts in whole seconds, in four bytes.
MAX_OPENPGP_TIME = datetime.fromtimestamp(2**32 - 1, UTC)


@dataclass(frozen=True, slots=True)
class OpenPgpSettings:
    """The user id of a certificate, and when it expires; None if it does not."""

    user_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenPgpCertificate:
    """An armored certificate, and what revokes it where it is published."""

    armored: str
    revocation: str


@dataclass(frozen=True, slots=True)
class OpenPgpPart:
    """What a keypair of the category `GPG` has besides the key that signs."""

    primary: SigningKey
    #: When both keys were made, in whole seconds.
    created_at: datetime
    settings: OpenPgpSettings
    certificate: OpenPgpCertificate


def certify(
    signer: Signer,
    keys: tuple[SigningKey, SigningKey],
    settings: OpenPgpSettings,
    *,
    created_at: datetime,
    signed_at: datetime,
) -> OpenPgpPart:
    """Make the certificate of two keys of a signer, which signs four times for it.

    Args:
        signer: The signer of both keys.
        keys: The primary key, which certifies, and the subkey, which signs data.
        settings: What the certificate says.
        created_at: When both were made; it is part of their fingerprints.
        signed_at: The time of the signatures.

    Raises:
        SignerFailed: A signature could not be made.
    """
    certifier, data_signer = (_half(signer, key, created_at) for key in keys)
    content = _content(settings, openpgp_time(signed_at))
    certificate = OpenPgpCertificate(
        make_certificate(certifier, data_signer, content),
        make_revocation(certifier, content.signed_at),
    )
    return OpenPgpPart(keys[0], created_at, settings, certificate)


def renew(
    signer: Signer,
    keys: tuple[SigningKey, SigningKey],
    settings: OpenPgpSettings,
    *,
    created_at: datetime,
    signed_at: datetime,
    earlier: str,
) -> str:
    """Renew the certificate of two keys of a signer, which signs three times for it.

    Args:
        signer: The signer of both keys.
        keys: The primary key, which certifies, and the subkey, which signs data.
        settings: What the certificate is to say.
        created_at: When both were made.
        signed_at: The time of the signatures; later if the earlier ones have it already.
        earlier: The armored certificate as it is.

    Raises:
        SignerFailed: A signature could not be made.
    """
    certifier, data_signer = (_half(signer, key, created_at) for key in keys)
    later = max(openpgp_time(signed_at), read_content(earlier).signed_at + 1)
    return renew_certificate(earlier, certifier, data_signer, _content(settings, later))


def read_settings(armored: str) -> OpenPgpSettings:
    """Return what a certificate says."""
    content = read_content(armored)
    seconds = content.expires_at
    expires_at = datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
    return OpenPgpSettings(content.user_id, expires_at)


def openpgp_key(public_key_pem: str, created_at: datetime) -> OpenPgpKey:
    """Return a raw public key as OpenPGP knows it."""
    return OpenPgpKey(public_key_pem, openpgp_time(created_at))


def openpgp_time(instant: datetime) -> int:
    """Return an instant in whole seconds since 1970."""
    return int(instant.timestamp())


def _content(settings: OpenPgpSettings, signed_at: int) -> CertificateContent:
    expires_at = settings.expires_at
    return CertificateContent(
        user_id=settings.user_id,
        signed_at=signed_at,
        expires_at=openpgp_time(expires_at) if expires_at is not None else None,
    )


def _half(signer: Signer, key: SigningKey, created_at: datetime) -> SigningHalf:
    return SigningHalf(openpgp_key(key.public_key_pem, created_at), partial(_sign, signer, key))


def _sign(signer: Signer, key: SigningKey, digest: bytes) -> bytes:
    signed = Digest(CERTIFICATE_HASH, digest)
    signature = make_signature(signer, key, signed)
    require_signature_of(key, signed, signature)
    return signature
