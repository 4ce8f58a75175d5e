"""Certificate authorities of the tests' own, and what they issue for keypairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.commands.keys.certificates import AddCertificate
from engine.persistence.store import tables as t
from tests.support.world import NOON, World

YEAR = timedelta(days=365)


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def key_usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


SIGNS_CODE: tuple[x509.ExtensionType, ...] = (
    x509.BasicConstraints(ca=False, path_length=None),
    key_usage("digital_signature"),
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
)
ISSUES: tuple[x509.ExtensionType, ...] = (
    x509.BasicConstraints(ca=True, path_length=None),
    key_usage("key_cert_sign"),
)


@dataclass
class Authority:
    """A certificate authority: a root unless another one has issued its certificate."""

    name: str = "Example Root"
    issuer: Authority | None = None
    extensions: tuple[x509.ExtensionType, ...] = ISSUES
    starts_at: datetime = NOON - YEAR
    ends_at: datetime = NOON + 10 * YEAR
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.certificate = (self.issuer or self).issue(
            self.key.public_key(),
            self.name,
            extensions=self.extensions,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )

    def issue(
        self,
        public_key: CertificatePublicKeyTypes,
        name: str = "Example Signing",
        *,
        extensions: tuple[x509.ExtensionType, ...] = SIGNS_CODE,
        starts_at: datetime = NOON - timedelta(days=1),
        ends_at: datetime = NOON + YEAR,
        digest: Any = None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(common_name(name))
            .issuer_name(common_name(self.name))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(starts_at)
            .not_valid_after(ends_at)
        )
        for extension in extensions:
            critical = not isinstance(extension, x509.ExtendedKeyUsage)
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, digest or hashes.SHA256())


def pem_of(*certificates: x509.Certificate) -> str:
    return "".join(item.public_bytes(Encoding.PEM).decode() for item in certificates)


def public_key_of(world: World, alias: str = "vault") -> Any:
    """The public key of a keypair, as `cryptography` has it."""
    columns = t.keypairs.select().where(t.keypairs.c.id == world.things[alias])
    with world.system.database.reading() as connection:
        stored = connection.execute(columns).one().public_key
    return load_pem_public_key(stored.encode())


def chain_for(world: World, alias: str = "vault", **more: Any) -> str:
    """A chain of a root, an intermediate authority and a certificate of the keypair."""
    middle = Authority("Example Intermediate", Authority())
    leaf = middle.issue(public_key_of(world, alias), **more)
    return pem_of(leaf, middle.certificate)


def add_certificate(world: World, alias: str = "vault", **more: Any) -> Any:
    """Give a keypair a default certificate; answers its id."""
    make_default = more.pop("make_default", True)
    command = AddCertificate(
        keypair_id=world.things[alias],
        chain=chain_for(world, alias, **more),
        make_default=make_default,
    )
    return world.do("admin", command)
