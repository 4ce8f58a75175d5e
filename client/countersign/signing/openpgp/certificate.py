"""Certificates of OpenPGP, of which the subkey that signs data is needed here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from countersign.errors import UsageError
from countersign.signing.openpgp.keys import OpenPgpKey, read_key
from countersign.signing.openpgp.packets import Tag, packets_in
from countersign.signing.openpgp.signatures import (
    Signature,
    SignatureType,
    Subpacket,
    read_signature,
)

_SIGNS_DATA = 0x02


@dataclass(frozen=True, slots=True)
class OpenPgpCertificate:
    """The subkey that signs data, and how long the certificate lets it.

    Attributes:
        signing_key: The subkey.
        expires_at: When it expires, in seconds since 1970; None if it does not.
    """

    signing_key: OpenPgpKey
    expires_at: int | None

    def covers(self, seconds: int) -> bool:
        """Tell whether a signature of a time, in seconds since 1970, may be by the subkey."""
        is_before_end = self.expires_at is None or seconds < self.expires_at
        return self.signing_key.created_at <= seconds and is_before_end


def read_certificate(content: bytes) -> OpenPgpCertificate:
    """Return the signing subkey of a certificate, which its primary key has to vouch for.

    Raises:
        UsageError: There is none, or it is revoked.
    """
    try:
        (primary_tag, primary_body), *rest = packets_in(content)
        primary = read_key(primary_body)
        if primary_tag != Tag.PUBLIC_KEY or _is_revoked(rest, SignatureType.KEY_REVOCATION):
            raise UsageError("That is no OpenPGP certificate, or it is revoked.")
        for index, (tag, body) in enumerate(rest):
            if tag != Tag.PUBLIC_SUBKEY:
                continue
            certificate = _certified(primary, body, rest[index + 1 :])
            if certificate is not None:
                return certificate
    except ValueError as error:
        raise UsageError(f"That is no OpenPGP certificate: {error}") from error
    raise UsageError("The OpenPGP certificate has no subkey that signs data.")


def _certified(
    primary: OpenPgpKey, body: bytes, rest: Iterable[tuple[int, bytes]]
) -> OpenPgpCertificate | None:
    """Return a subkey that its latest binding signature lets sign data."""
    signatures = []
    for tag, signature_body in rest:
        if tag != Tag.SIGNATURE:
            break
        signatures.append((tag, signature_body))
    if _is_revoked(signatures, SignatureType.SUBKEY_REVOCATION):
        return None
    subkey = read_key(body)
    bindings = [
        signature
        for _, signature_body in signatures
        if _binds(signature := read_signature(signature_body), primary, subkey)
    ]
    latest = max(bindings, key=lambda signature: signature.created_at, default=None)
    if latest is None or not latest.seconds(Subpacket.KEY_FLAGS) & _SIGNS_DATA:
        return None
    duration = latest.seconds(Subpacket.KEY_EXPIRES)
    return OpenPgpCertificate(subkey, subkey.created_at + duration if duration else None)


def _binds(signature: Signature, primary: OpenPgpKey, subkey: OpenPgpKey) -> bool:
    if signature.type != SignatureType.SUBKEY_BINDING or signature.digest_name is None:
        return False
    hashed = hashlib.new(signature.digest_name, primary.hashed_form + subkey.hashed_form)
    return signature.is_made_by(primary, hashed)


def _is_revoked(packets: Iterable[tuple[int, bytes]], kind: SignatureType) -> bool:
    """Tell whether a signature says so; whether it is valid does not matter."""
    return any(tag == Tag.SIGNATURE and body[1:2] == bytes([kind]) for tag, body in packets)
