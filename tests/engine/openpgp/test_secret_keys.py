"""Transferable secret keys of earlier versions: both raw keys come out of them."""

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)
from pysequoia import Tsk

from engine.openpgp.packets import MalformedPackets, Tag, packet
from engine.openpgp.secret_keys import RawKey, split_secret_key
from tests.support.earlier_openpgp import earlier_secret_key as make

USER_ID = "Countersign 1"


@pytest.fixture(
    params=["OPENPGP_ED25519", pytest.param("OPENPGP_RSA_4096", marks=pytest.mark.long)]
)
def tsk(request: pytest.FixtureRequest) -> Tsk:
    return make(request.param, USER_ID)


def test_both_raw_keys_come_out_under_their_fingerprints(tsk: Tsk) -> None:
    split = split_secret_key(bytes(tsk))
    assert split.user_id == USER_ID
    assert split.primary.key.fingerprint.hex() == tsk.extract_certificate().fingerprint
    assert split.subkey.key.fingerprint != split.primary.key.fingerprint
    for raw in (split.primary, split.subkey):
        assert _public_pem(raw) == raw.key.public_key_pem


def _public_pem(raw: RawKey) -> str:
    public = load_der_private_key(raw.pkcs8, password=None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_another_secret_key_than_the_public_one_is_refused() -> None:
    first, second = (bytes(make("OPENPGP_ED25519", USER_ID)) for _ in range(2))
    # The seed and its checksum are the end of the first packet: 2 + 32 + 2 bytes.
    end = 2 + first[1]
    mixed = first[: end - 36] + second[2 + second[1] - 36 : 2 + second[1]] + first[end:]
    with pytest.raises(MalformedPackets, match="does not belong"):
        split_secret_key(mixed)


@pytest.mark.parametrize(
    "data", [b"", packet(Tag.USER_ID, b"x"), packet(Tag.SECRET_KEY, bytes([4, 0, 0, 0, 0, 17, 0]))]
)
def test_what_is_no_such_secret_key_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedPackets):
        split_secret_key(data)
