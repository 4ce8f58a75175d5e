"""What is known of a keypair's certificate, in words and limits. Pure."""

from __future__ import annotations

from enum import StrEnum

#: The most certificates in one chain; those of public authorities have two to four.
MAX_CHAIN_CERTIFICATES = 10
#: The most characters of a chain in PEM. A certificate of an ML-DSA key has about 10,000.
MAX_CHAIN_CHARACTERS = 100_000
#: The most certificates that a keypair has at one time.
MAX_KEYPAIR_CERTIFICATES = 50


class CertificateKind(StrEnum):
    """The form of a certificate."""

    #: A leaf with the chain of those who vouch for it (RFC 5280).
    X509 = "X509"
    #: An OpenPGP certificate (RFC 9580).
    OPENPGP = "OPENPGP"


class CertificatePurpose(StrEnum):
    """What a keypair signs about itself."""

    #: A request that an authority issues a certificate for (PKCS#10).
    REQUEST = "REQUEST"
    #: A certificate that nobody else vouches for.
    SELF_SIGNED = "SELF_SIGNED"
    #: Its OpenPGP certificate, with another expiry or user id.
    OPENPGP_RENEWAL = "OPENPGP_RENEWAL"


class CertificateWarning(StrEnum):
    """What programs may hold against a certificate that is otherwise in order."""

    #: Its extended key usage does not name code signing.
    NO_CODE_SIGNING = "NO_CODE_SIGNING"
    #: Its key usage does not name digital signatures.
    NO_DIGITAL_SIGNATURE = "NO_DIGITAL_SIGNATURE"
    #: It may issue further certificates.
    ISSUES_CERTIFICATES = "ISSUES_CERTIFICATES"
    #: Nobody else vouches for it.
    SELF_SIGNED = "SELF_SIGNED"
    #: A certificate of the chain is signed over a SHA-1 or MD5 digest.
    WEAK_DIGEST = "WEAK_DIGEST"
    #: It was not valid yet when it was added.
    NOT_YET_VALID = "NOT_YET_VALID"
