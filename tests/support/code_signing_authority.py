"""An authority that issues certificates for code signing to keypairs in tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: str, public_key: object) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Acme Root"))
        .public_key(public_key)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 365 * DAY)
    )


def _usage(*, for_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_certificates,
        key_cert_sign=for_certificates,
        crl_sign=for_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class CodeSigningAuthority:
    """An authority, whose own certificate is in `root.pem` of its folder."""

    folder: Path
    key: rsa.RSAPrivateKey
    root: x509.Certificate

    @classmethod
    def in_folder(cls, folder: Path) -> CodeSigningAuthority:
        key = rsa.generate_private_key(65537, 2048)
        root = (
            _builder("Acme Root", key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(for_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
        return cls(folder, key, root)

    def certify(self, alias: str, public_key_pem: str) -> Path:
        """A file with a certificate of a keypair, and with the authority's after it."""
        certificate = (
            _builder(f"Acme {alias}", load_pem_public_key(public_key_pem.encode()))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(for_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{alias}.pem"
        path.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in (certificate, self.root)))
        return path
