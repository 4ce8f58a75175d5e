"""Events of the certificates of keypairs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.model.certificates import CertificatePurpose
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


@dataclass(frozen=True, kw_only=True)
class Certification(Administered):
    """A keypair signs something about itself, which for an offline one needs no release."""

    kind = "Keypair"
    #: The same in all entries of one use of the key.
    use_id: UUID
    purpose: CertificatePurpose


@dataclass(frozen=True, kw_only=True)
class CertificationIntended(Certification):
    """A keypair is about to sign a certificate request or a certificate of its own."""

    tag = "keypair:certification:intended"


@dataclass(frozen=True, kw_only=True)
class CertificationDone(Certification):
    """A keypair has signed a certificate request or a certificate of its own."""

    tag = "keypair:certification:done"
    #: SHA-256 of what was made, in PEM.
    digest: str


@dataclass(frozen=True, kw_only=True)
class CertificationFailed(Certification):
    """A keypair could not sign a certificate request or a certificate of its own."""

    tag = "keypair:certification:failed"
    fault: str
