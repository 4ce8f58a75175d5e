"""Detached signatures of OpenPGP in ASCII armor: gpg, sqv, rpm and apt take them."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any, Self

from countersign.errors import UsageError
from countersign.signing.hashing import HashedFile
from countersign.signing.openpgp.certificate import OpenPgpCertificate
from countersign.signing.openpgp.packets import Tag, armored_signature, packets_in
from countersign.signing.openpgp.signatures import (
    ContentHash,
    Signature,
    SignatureType,
    Subpacket,
    digest_after,
    hashed_part,
    read_signature,
    signature_packet,
)
from countersign.signing.public_keys import usual_digest


class OpenPgpForm:
    """A signature of the signing subkey, whose time is signed with the file.

    Args:
        certificate: The certificate.
        digest_name: The hash function; the one that goes with the key if None.
        created_at: The time of the signatures, in seconds since 1970; needed to sign only.
    """

    suffix = ".asc"
    _signature_type = SignatureType.BINARY

    def __init__(
        self,
        certificate: OpenPgpCertificate,
        digest_name: str | None = None,
        created_at: int | None = None,
    ) -> None:
        self._certificate = certificate
        self._key = certificate.signing_key
        self._created_at = created_at
        self.file_digest_name = digest_name or usual_digest(self._key.public_key)

    def current_time(self) -> int:
        """Return the time, which is not before the key's, in seconds since 1970."""
        return max(int(time.time()), self._key.created_at)

    def at(self, created_at: int) -> Self:
        """Return the form for signatures of a time, in seconds since 1970.

        Raises:
            UsageError: The certificate is not valid at that time.
        """
        if not self._certificate.covers(created_at):
            raise UsageError(
                "The OpenPGP certificate has expired: ask who manages the keypairs for another one."
            )
        return type(self)(self._certificate, self.file_digest_name, created_at)

    def request(self, file: HashedFile) -> dict[str, Any]:
        """Return the digest of the file and of what the signature says of itself."""
        return {
            "digest": b64encode(self._digest(file)).decode(),
            "digestAlgorithm": self.file_digest_name.upper(),
        }

    def assemble(self, file: HashedFile, value: bytes) -> bytes:
        """Return the signature's packet in ASCII armor."""
        try:
            body = signature_packet(self._key, self._hashed_part, self._digest(file), value)
        except ValueError:
            return b""  # no signature of such a key: it is not valid, either
        return armored_signature(body)

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Tell whether one signature is that of the subkey over the file, and of a valid time."""
        try:
            return any(
                tag == Tag.SIGNATURE and self._is_signature_of(file, read_signature(body))
                for tag, body in packets_in(content)
            )
        except ValueError:
            return False

    def _is_signature_of(self, file: HashedFile, signature: Signature) -> bool:
        lifetime_seconds = signature.seconds(Subpacket.SIGNATURE_EXPIRES)
        return (
            signature.type == self._signature_type
            and signature.digest_name == self.file_digest_name
            and self._certificate.covers(signature.created_at)
            and (lifetime_seconds == 0 or time.time() < signature.created_at + lifetime_seconds)
            and signature.is_made_by(self._key, self._content_hash(file))
        )

    @property
    def _hashed_part(self) -> bytes:
        if self._created_at is None:
            raise UsageError("A signature of OpenPGP needs a time.")
        return hashed_part(self._key, self._signature_type, self.file_digest_name, self._created_at)

    def _digest(self, file: HashedFile) -> bytes:
        return digest_after(self._content_hash(file), self._hashed_part)

    def _content_hash(self, file: HashedFile) -> ContentHash:
        """Return the state of the hash function after what is signed of the file."""
        return file.content_hash
