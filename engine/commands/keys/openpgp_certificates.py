"""Renew the OpenPGP certificate of a keypair, which its two keys sign again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.validation import clean_name, differences
from engine.commands.keys.certify import Certification, CertifyCommand
from engine.commands.keys.new_keys import check_expiry
from engine.lifecycle.administration import refuse_openpgp_certificate
from engine.model.certificates import CertificatePurpose
from engine.model.errors import Code, Faults, Refusal, not_found, refuse
from engine.model.events import Changes
from engine.model.text import normalize
from engine.persistence.store.administration import keypairs, openpgp_keys
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import KeyBinding, Signer, SigningKey
from engine.signers.openpgp_keys import OpenPgpSettings, renew


@dataclass(frozen=True, slots=True)
class OpenPgpRenewal:
    """The certificate that is to be renewed, what it says, and what it is to say."""

    #: The key that certifies; the keypair's own key is the subkey.
    primary: SigningKey
    #: When both keys were made.
    created_at: datetime
    #: In ASCII armor.
    certificate: str
    before: OpenPgpSettings
    after: OpenPgpSettings


@dataclass(frozen=True, kw_only=True)
class RenewOpenPgpCertificate(CertifyCommand[UUID, OpenPgpRenewal]):
    """Give a keypair's OpenPGP certificate another expiry or user id; returns the keypair's id.

    Both keys and the fingerprint stay, and so do the earlier self-signatures: what was signed
    before verifies with the renewed certificate.
    """

    command_name = "renew_openpgp_certificate"
    purpose = CertificatePurpose.OPENPGP_RENEWAL

    #: When the certificate expires from now on; None: it does not.
    expires_at: datetime | None = None
    #: The primary user id from now on; None: it stays.
    user_id: str | None = None

    def check(self, uow: UnitOfWork, keypair: Row[Any]) -> OpenPgpRenewal:
        """Return what is renewed; refuses a keypair without an OpenPGP certificate."""
        refuse(refuse_openpgp_certificate(keypair.category))
        primary = openpgp_keys.load_primary_key(uow, keypair.id)
        if primary is None:  # of an earlier version, and its key did not open
            raise not_found("OpenPGP certificate", "keypair_id")
        before = OpenPgpSettings(primary.openpgp_user_id, primary.expires_at)
        return OpenPgpRenewal(
            _primary_key(keypair, primary),
            keypair.openpgp_created_at,
            keypair.openpgp_certificate,
            before,
            self._settings(before, uow.now),
        )

    def _settings(self, before: OpenPgpSettings, now: datetime) -> OpenPgpSettings:
        user_id, faults = before.user_id, Faults()
        if self.user_id is not None:
            with faults:
                user_id = clean_name(normalize(self.user_id), "user id", "user_id")
        with faults:
            refuse(check_expiry(self.expires_at, now, "expires_at"))
        faults.refuse()
        return OpenPgpSettings(user_id, self.expires_at)

    def intended(self, content: OpenPgpRenewal) -> Changes:
        """Return what the certificate says otherwise than before."""
        return differences(_recorded(content.before), _recorded(content.after))

    def make(self, signer: Signer, certification: Certification[OpenPgpRenewal]) -> str:
        """Have both keys sign, and return the renewed certificate in ASCII armor."""
        content = certification.content
        return renew(
            signer,
            (content.primary, certification.key),
            content.after,
            created_at=content.created_at,
            signed_at=certification.now,
            earlier=content.certificate,
        )

    def store(
        self, uow: UnitOfWork, certification: Certification[OpenPgpRenewal], text: str
    ) -> Changes:
        """Store the certificate, unless it was renewed by somebody else meanwhile."""
        content = certification.content
        row = keypairs.load_keypair(uow, self.keypair_id, "keypair_id")
        if row.openpgp_certificate != content.certificate:
            message = "Somebody else renewed the certificate meanwhile. Look at it first."
            raise Refusal(Code.REVISION_CONFLICT, message, "keypair_id")
        openpgp_keys.replace_certificate(uow, self.keypair_id, text, content.after)
        return self.intended(content)

    def result(self, text: str) -> UUID:
        """Return the id of the keypair."""
        return self.keypair_id


def _primary_key(keypair: Row[Any], primary: Row[Any]) -> SigningKey:
    return SigningKey(
        KeyBinding(keypair.account_id, primary.id),
        keypair.algorithm,
        primary.public_key,
        primary.material,
        primary.master_key_id,
    )


def _recorded(settings: OpenPgpSettings) -> dict[str, Any]:
    return {
        "openpgp_user_id": settings.user_id,
        "openpgp_expires_at": settings.expires_at,
    }
