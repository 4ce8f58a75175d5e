"""What a chain of certificates has to be like, and what is wrong with others."""

from __future__ import annotations

import subprocess
from base64 import encodebytes
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from engine.model.certificates import (
    MAX_CHAIN_CERTIFICATES,
    MAX_CHAIN_CHARACTERS,
    CertificateWarning,
)
from engine.x509.chain import MAX_NAME_CHARACTERS, Chain, ChainFault, check_chain
from tests.support.chains import ISSUES, SIGNS_CODE, Authority, key_usage, pem_of
from tests.support.world import NOON

DAY = timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
ROOT = Authority()
MIDDLE = Authority("Example Intermediate", ROOT, ends_at=NOON + 90 * DAY)
LEAF = MIDDLE.issue(KEY.public_key())


def pem_of_key(key: object = KEY) -> str:
    spki = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return spki.decode()


def check(text: str) -> Chain:
    return check_chain(text, pem_of_key(), NOON)


def fault(text: str) -> str:
    with pytest.raises(ChainFault) as raised:
        check(text)
    return str(raised.value)


def test_a_chain_is_described_by_its_leaf_and_lasts_as_long_as_its_shortest() -> None:
    chain = check(pem_of(LEAF, MIDDLE.certificate, ROOT.certificate))
    assert chain.subject == "CN=Example Signing"
    assert chain.issuer == "CN=Example Intermediate"
    assert int(chain.serial_number, 16) == LEAF.serial_number
    assert bytes.fromhex(chain.fingerprint) == LEAF.fingerprint(hashes.SHA256())
    assert chain.valid_from == NOON - DAY
    assert chain.expires_at == NOON + 90 * DAY
    assert chain.warnings == ()


def test_only_certificates_are_kept_of_a_text() -> None:
    chain = check(f"Subject: example\n{pem_of(LEAF)}-- the end\n")
    assert chain.pem == pem_of(LEAF)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        mldsa.MLDSA65PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__,
)
def test_keys_of_every_kind_have_certificates(key: rsa.RSAPrivateKey) -> None:
    leaf = MIDDLE.issue(key.public_key())
    assert check_chain(pem_of(leaf, MIDDLE.certificate), pem_of_key(key), NOON).warnings == ()
    assert "another key" in fault(pem_of(leaf, MIDDLE.certificate))


def authority(**more: object) -> Authority:
    return Authority("Example Intermediate", ROOT, **more)  # type: ignore[arg-type]


def below(issuer: Authority) -> str:
    return pem_of(issuer.issue(KEY.public_key()), issuer.certificate)


NARROW = Authority("Example Narrow", extensions=(x509.BasicConstraints(True, 0), ISSUES[1]))
BELOW_NARROW = Authority("Example Intermediate", NARROW)
NOT_AN_AUTHORITY = authority(extensions=SIGNS_CODE)
SIGNS_NO_CERTIFICATES = authority(extensions=(ISSUES[0], key_usage("digital_signature")))
NAMESAKE = Authority("Example Intermediate", Authority())
DISCLOSED = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

FAULTS: dict[str, tuple[str, str]] = {
    "nothing": ("", "cannot be read"),
    "no certificate": (pem_of_key(), "cannot be read"),
    "no ASCII": (pem_of(LEAF).replace("M", "\u00e4", 1), "cannot be read"),
    "half of one": (pem_of(LEAF)[:300], "cannot be read"),
    "too large": (" " * (MAX_CHAIN_CHARACTERS + 1), "too large"),
    "too many": (pem_of(LEAF) * (MAX_CHAIN_CERTIFICATES + 1), "at most 10 certificates, not 11"),
    "a private key": (pem_of(LEAF) + DISCLOSED, "Treat that key as disclosed"),
    "of another key": (pem_of(MIDDLE.issue(OTHER.public_key())), "of another key"),
    "the wrong way round": (pem_of(MIDDLE.certificate, LEAF), "of another key"),
    "a gap": (pem_of(LEAF, ROOT.certificate), "Certificate 2 has not signed certificate 1"),
    "a namesake": (pem_of(LEAF, NAMESAKE.certificate), "Certificate 2 has not signed"),
    "twice": (pem_of(LEAF, LEAF), "Certificate 2 has not signed certificate 1"),
    "no authority": (below(NOT_AN_AUTHORITY), "Certificate 2 may not issue certificates"),
    "signs none": (below(SIGNS_NO_CERTIFICATES), "Certificate 2 may not issue certificates"),
    "too long a path": (
        below(BELOW_NARROW) + pem_of(NARROW.certificate),
        "Certificate 3 allows fewer certificates below it",
    ),
    "expired": (pem_of(MIDDLE.issue(KEY.public_key(), ends_at=NOON)), "expired on 2030-06-03"),
    "an expired issuer": (below(authority(ends_at=NOON - DAY)), "expired on 2030-06-02"),
    "never at one time": (
        pem_of(
            MIDDLE.issue(KEY.public_key(), starts_at=NOON + 100 * DAY), MIDDLE.certificate
        ),
        "never valid at the same time",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_a_sentence(name: str) -> None:
    text, sentence = FAULTS[name]
    assert sentence in fault(text)


def test_a_changed_byte_anywhere_raises_nothing_else_and_vouches_for_nothing_else() -> None:
    der = LEAF.public_bytes(Encoding.DER)
    refused = 0
    for place in range(len(der)):
        for flipped in (0x01, 0x80):
            changed = der[:place] + bytes([der[place] ^ flipped]) + der[place + 1 :]
            try:
                chain = check(x509_block(changed) + pem_of(MIDDLE.certificate))
            except ChainFault:
                refused += 1
            else:
                # A bit that pads the signature.
                leaf = x509.load_pem_x509_certificates(chain.pem.encode())[0]
                assert leaf.tbs_certificate_bytes == LEAF.tbs_certificate_bytes
    assert refused > len(der)


def x509_block(der: bytes) -> str:
    body = encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def issued(*extensions: x509.ExtensionType, **more: object) -> str:
    return pem_of(MIDDLE.issue(KEY.public_key(), extensions=extensions, **more))  # type: ignore[arg-type]


WARNINGS: dict[CertificateWarning, Callable[[], str]] = {
    CertificateWarning.NO_CODE_SIGNING: lambda: issued(*SIGNS_CODE[:2]),
    CertificateWarning.NO_DIGITAL_SIGNATURE: lambda: issued(
        SIGNS_CODE[0], key_usage("key_agreement"), SIGNS_CODE[2]
    ),
    CertificateWarning.ISSUES_CERTIFICATES: lambda: issued(ISSUES[0], *SIGNS_CODE[1:]),
    CertificateWarning.SELF_SIGNED: lambda: pem_of(
        Authority("Example Signing", extensions=SIGNS_CODE, key=KEY).certificate
    ),
    CertificateWarning.NOT_YET_VALID: lambda: issued(*SIGNS_CODE, starts_at=NOON + DAY),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_each_warning_is_of_one_thing(warning: CertificateWarning) -> None:
    assert check(WARNINGS[warning]()).warnings == (warning,)


def test_a_sha1_signature_is_warned_of(tmp_path: Path) -> None:
    assert check(issued_with_sha1(tmp_path)).warnings == (CertificateWarning.WEAK_DIGEST,)


def issued_with_sha1(folder: Path) -> str:
    """Issue a certificate with a SHA-1 signature, which `cryptography` makes no more."""
    key, request, root = folder / "key.pem", folder / "request.pem", folder / "root.pem"
    own, config = folder / "own.pem", folder / "extensions"
    for path, private in ((own, KEY), (key, MIDDLE.key)):
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    root.write_text(pem_of(MIDDLE.certificate))
    config.write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n")
    openssl("req", "-new", "-key", own, "-subj", "/CN=Example Signing", "-out", request)
    return openssl(
        "x509", "-req", "-in", request, "-CA", root, "-CAkey", key, "-sha1",
        "-extfile", config, "-days", "5000", "-set_serial", "77",
    )  # fmt: skip


def openssl(*arguments: object) -> str:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_name_is_kept_short_and_cannot_reorder_what_people_read() -> None:
    leaf = MIDDLE.issue(KEY.public_key(), "\u202eevil\n" + "x" * 50)
    subject = check(pem_of(leaf)).subject
    assert subject.startswith("CN=\ufffdevil\ufffdx")
    many = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "y" * 60) for _ in range(20)]
    )
    builder = x509.CertificateBuilder(
        many,
        many,
        KEY.public_key(),
        7,
        NOON - DAY,
        NOON + DAY,  # type: ignore[arg-type]
    )
    assert len(check(pem_of(builder.sign(KEY, hashes.SHA256()))).subject) == MAX_NAME_CHARACTERS
