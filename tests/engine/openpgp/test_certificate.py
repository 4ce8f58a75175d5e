"""Certificates and signatures: GnuPG and Sequoia accept what is put together here."""

import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pysequoia import Cert, Sig, verify

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.certificate import (
    CertificateContent,
    SigningHalf,
    make_certificate,
    make_revocation,
    read_content,
    renew_certificate,
)
from engine.openpgp.keys import OpenPgpKey, UnsuitableKey
from engine.openpgp.packets import Armor, Tag, armor, packet, unarmor
from engine.openpgp.signatures import SignatureType, UnsignedSignature
from tests.support.gnupg import Gnupg, gnupg
from tests.support.raw_keys import (
    MAKERS,
    RawPrivateKey,
    public_pem,
    sign_digest,
    signing_half,
)

CREATED_AT = int(time.time()) - 1000
CONTENT = b"the package index\n" * 1000
USER_ID = "Falcon Releases <releases@example.com>"
YEAR_SECONDS = 365 * 24 * 3600


@pytest.fixture
def gpg() -> Iterator[Gnupg]:
    with gnupg() as program:
        yield program


@pytest.fixture(params=MAKERS)
def halves(request: pytest.FixtureRequest) -> tuple[SigningHalf, SigningHalf]:
    make = MAKERS[request.param]
    return signing_half(make(), CREATED_AT), signing_half(make(), CREATED_AT)


@pytest.fixture
def ed25519_halves() -> tuple[SigningHalf, SigningHalf]:
    make = MAKERS["ED25519"]
    return signing_half(make(), CREATED_AT), signing_half(make(), CREATED_AT)


def certificate(halves: tuple[SigningHalf, SigningHalf], expires_at: int | None = None) -> str:
    content = CertificateContent(user_id=USER_ID, signed_at=CREATED_AT, expires_at=expires_at)
    return make_certificate(*halves, content)


def detached(half: SigningHalf, content: bytes) -> str:
    unsigned = UnsignedSignature(
        key=half.key,
        type=SignatureType.BINARY,
        hash_algorithm=DigestAlgorithm.SHA512,
        created_at=CREATED_AT + 1,
    )
    digest = unsigned.digest(content)
    return unsigned.armored(digest, half.sign(digest))


def test_gpg_and_sequoia_accept_signatures_of_the_subkey_and_nothing_else(halves, gpg) -> None:
    armored, signature = certificate(halves), detached(halves[1], CONTENT)
    assert gpg.accepts(armored, signature, CONTENT)
    assert not gpg.accepts(armored, signature, CONTENT + b" ")

    cert, sig = Cert.from_bytes(armored.encode()), Sig.from_bytes(signature.encode())
    (valid,) = verify(bytes=CONTENT, store=lambda _: [cert], signature=sig).valid_sigs
    assert valid.certificate == halves[0].key.fingerprint.hex()
    assert valid.signing_key == halves[1].key.fingerprint.hex()
    with pytest.raises(Exception, match="verif"):
        verify(bytes=CONTENT + b" ", store=lambda _: [cert], signature=sig)


def test_the_primary_key_only_certifies_and_the_subkey_only_signs(ed25519_halves, gpg) -> None:
    listed = gpg.keys(certificate(ed25519_halves))
    usage = [(fields[0], fields[11].lower()) for fields in listed if fields[0] in ("pub", "sub")]
    assert usage == [("pub", "csc"), ("sub", "s")]
    assert [fields[9] for fields in listed if fields[0] == "uid"] == [USER_ID]


def test_a_signature_of_the_primary_key_over_data_is_refused(ed25519_halves, gpg) -> None:
    assert not gpg.accepts(certificate(ed25519_halves), detached(ed25519_halves[0], b"x"), b"x")


def test_a_digest_that_is_a_certification_certifies_nothing(ed25519_halves, gpg) -> None:
    """Who may have digests signed adds no user id: the subkey's word counts for data alone."""
    primary, subkey = ed25519_halves
    user_id = b"Somebody Else <else@example.com>"
    hashed = primary.key.hashed_form + b"\xb4" + len(user_id).to_bytes(4, "big") + user_id
    forged = subkey.signature(SignatureType.CERTIFICATION, hashed, CREATED_AT)
    packets = unarmor(certificate(ed25519_halves))
    packets += packet(Tag.USER_ID, user_id) + packet(Tag.SIGNATURE, forged)
    listed = gpg.keys(armor(Armor.PUBLIC_KEY, packets))
    assert [fields[9] for fields in listed if fields[0] == "uid"] == [USER_ID]


def test_both_keys_expire_when_the_certificate_says(ed25519_halves, gpg) -> None:
    expires_at = CREATED_AT + YEAR_SECONDS
    listed = gpg.keys(certificate(ed25519_halves, expires_at))
    expiries = [fields[6] for fields in listed if fields[0] in ("pub", "sub")]
    assert expiries == [str(expires_at)] * 2


def test_a_renewal_is_later_than_what_it_renews(ed25519_halves) -> None:
    """Of two signatures of one second, programs may take either."""
    armored = certificate(ed25519_halves)
    for signed_at in (CREATED_AT, CREATED_AT - 1):
        content = CertificateContent(user_id=USER_ID, signed_at=signed_at)
        with pytest.raises(ValueError, match="later than the earlier ones"):
            renew_certificate(armored, *ed25519_halves, content)
    content = CertificateContent(
        user_id="Other", signed_at=CREATED_AT + 1, expires_at=CREATED_AT + YEAR_SECONDS
    )
    assert read_content(renew_certificate(armored, *ed25519_halves, content)) == content


def test_what_a_certificate_says_is_read_as_it_was_written(halves) -> None:
    for expires_at in (None, CREATED_AT + YEAR_SECONDS):
        content = CertificateContent(user_id=USER_ID, signed_at=CREATED_AT, expires_at=expires_at)
        assert read_content(make_certificate(*halves, content)) == content


def test_a_certificate_that_would_never_have_been_valid_is_not_made(ed25519_halves) -> None:
    """No seconds of validity would mean that it never expires (RFC 9580 section 5.2.3.13)."""
    for expires_at in (CREATED_AT, CREATED_AT - 1):
        with pytest.raises(ValueError, match="before its keys were made"):
            certificate(ed25519_halves, expires_at)


def test_the_revocation_revokes_the_certificate(ed25519_halves, gpg) -> None:
    gpg.run("--import", given=certificate(ed25519_halves).encode())
    revocation = make_revocation(ed25519_halves[0], CREATED_AT + 1)
    listed = gpg.keys(revocation)
    assert [fields[1] for fields in listed if fields[0] == "pub"] == ["r"]
    other = make_revocation(signing_half(MAKERS["ED25519"](), CREATED_AT), CREATED_AT + 1)
    assert gpg.run("--import", given=other.encode()).returncode != 0


def test_gpg_refuses_a_digest_that_is_shorter_than_the_curve(gpg) -> None:
    privates = [MAKERS["ECDSA_P384"]() for _ in range(2)]
    pair = signing_half(privates[0], CREATED_AT), signing_half(privates[1], CREATED_AT)
    armored = certificate(pair)
    accepted = {
        algorithm: gpg.accepts(armored, _detached_by(privates[1], pair[1].key, algorithm), CONTENT)
        for algorithm in DigestAlgorithm
    }
    shortest = pair[1].key.shortest_digest_bytes
    assert accepted == {a: a.length >= shortest for a in DigestAlgorithm}


def _detached_by(private: RawPrivateKey, key: OpenPgpKey, algorithm: DigestAlgorithm) -> str:
    unsigned = UnsignedSignature(
        key=key,
        type=SignatureType.BINARY,
        hash_algorithm=algorithm,
        created_at=CREATED_AT + 1,
    )
    digest = unsigned.digest(CONTENT)
    return unsigned.armored(digest, sign_digest(private, digest, algorithm))


@pytest.mark.parametrize("curve", ["secp224r1", "brainpoolP256r1"])
def test_other_curves_are_refused(curve: str) -> None:
    chosen = {"secp224r1": ec.SECP224R1(), "brainpoolP256r1": ec.BrainpoolP256R1()}[curve]
    key = OpenPgpKey(public_pem(ec.generate_private_key(chosen)), CREATED_AT)
    with pytest.raises(UnsuitableKey, match=curve):
        assert key.body


def test_keys_that_only_agree_on_secrets_are_refused() -> None:
    public = X25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(UnsuitableKey, match="has no key of the kind X25519PublicKey"):
        assert OpenPgpKey(pem, CREATED_AT).body
