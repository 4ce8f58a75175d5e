"""Events of the certificates of keypairs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.model.events.administration import Administered


@dataclass(frozen=True, kw_only=True)
class CertificateChanged(Administered):
    """Something happened to a certificate of a keypair, which is the subject."""

    kind = "Keypair"
    certificate_id: UUID
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class CertificateAdded(CertificateChanged):
    """A keypair has another certificate."""

    tag = "keypair:certificate:added"


@dataclass(frozen=True, kw_only=True)
class CertificateRemoved(CertificateChanged):
    """A certificate was taken from a keypair."""

    tag = "keypair:certificate:removed"


@dataclass(frozen=True, kw_only=True)
class DefaultCertificateSet(CertificateChanged):
    """Another certificate is the default one of a keypair."""

    tag = "keypair:certificate:default"
