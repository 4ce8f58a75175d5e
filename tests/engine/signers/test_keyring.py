"""Sealing under the master key, its rotation, and the check at start."""

import os
import traceback
from base64 import b64encode, urlsafe_b64encode
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.signers.keyring import (
    InvalidMasterKeyError,
    KeyBinding,
    Keyring,
    SealBrokenError,
    WrongMasterKeyError,
    parse_master_key,
)

SECRET = b"a private key"
OLD, NEW = bytes(range(32)), bytes(range(100, 132))


@pytest.fixture
def binding() -> KeyBinding:
    return KeyBinding(account_id=uuid4(), keypair_id=uuid4())


@given(secret=st.binary(max_size=5000), account=st.uuids(), keypair=st.uuids())
def test_what_was_sealed_opens_again(secret, account, keypair) -> None:
    keyring, binding = Keyring([OLD]), KeyBinding(account, keypair)
    material, key_id = keyring.seal(secret, binding)
    assert keyring.open(material, key_id, binding) == secret


def test_sealing_twice_gives_different_material_without_the_secret_in_it(binding) -> None:
    keyring = Keyring([OLD])
    first, second = keyring.seal(SECRET, binding), keyring.seal(SECRET, binding)
    assert first.material != second.material
    assert SECRET not in first.material


def test_altering_any_byte_of_the_material_is_found(binding) -> None:
    keyring = Keyring([OLD])
    material, key_id = keyring.seal(SECRET, binding)
    for at in range(len(material)):
        altered = bytearray(material)
        altered[at] ^= 1
        with pytest.raises(SealBrokenError, match="altered"):
            keyring.open(bytes(altered), key_id, binding)


@pytest.mark.parametrize("length", [0, 1, 12, 13, 20])
def test_cut_off_material_is_found(binding, length: int) -> None:
    keyring = Keyring([OLD])
    material, key_id = keyring.seal(SECRET, binding)
    with pytest.raises(SealBrokenError, match="altered"):
        keyring.open(material[:length], key_id, binding)


def test_material_opens_for_no_other_keypair_and_no_other_account(binding) -> None:
    keyring = Keyring([OLD])
    material, key_id = keyring.seal(SECRET, binding)
    for stranger in (
        KeyBinding(binding.account_id, uuid4()),
        KeyBinding(uuid4(), binding.keypair_id),
        KeyBinding(binding.keypair_id, binding.account_id),
    ):
        with pytest.raises(SealBrokenError, match="another keypair"):
            keyring.open(material, key_id, stranger)


def test_another_master_key_says_which_one_is_missing(binding) -> None:
    material, key_id = Keyring([OLD]).seal(SECRET, binding)
    with pytest.raises(SealBrokenError, match=f"{key_id}, which is not configured"):
        Keyring([NEW]).open(material, key_id, binding)


def test_rotation_the_first_key_seals_and_every_key_opens(binding) -> None:
    material, old_id = Keyring([OLD]).seal(SECRET, binding)
    rotating = Keyring([NEW, OLD])
    assert rotating.open(material, old_id, binding) == SECRET
    assert rotating.sealing_key_id == Keyring([NEW]).sealing_key_id != old_id

    resealed, new_id = rotating.seal(rotating.open(material, old_id, binding), binding)
    assert Keyring([NEW]).open(resealed, new_id, binding) == SECRET


def test_a_database_set_up_with_another_master_key_is_refused() -> None:
    check = Keyring([OLD]).make_check()
    Keyring([OLD]).verify_check(check)
    Keyring([NEW, OLD]).verify_check(check)
    with pytest.raises(WrongMasterKeyError, match="was set up with master key"):
        Keyring([NEW]).verify_check(check)


def test_a_check_claiming_another_key_id_is_refused() -> None:
    old, new = Keyring([OLD]), Keyring([NEW])
    forged = old.make_check().replace(old.sealing_key_id.encode(), new.sealing_key_id.encode())
    with pytest.raises(WrongMasterKeyError, match="does not open"):
        new.verify_check(forged)


@pytest.mark.parametrize("check", [b"", b":", b"\xff\xfe", b"no colon at all"])
def test_a_check_that_is_none_is_refused(check: bytes) -> None:
    with pytest.raises(WrongMasterKeyError):
        Keyring([OLD]).verify_check(check)


@given(key=st.binary(min_size=32, max_size=32))
def test_a_master_key_is_read_from_either_base64_padded_or_not(key: bytes) -> None:
    for text in (b64encode(key).decode(), urlsafe_b64encode(key).decode()):
        assert parse_master_key(text) == parse_master_key(f" {text.rstrip('=')}\n") == key


def test_several_master_keys_are_read_in_their_order() -> None:
    text = f"{b64encode(NEW).decode()},\n{b64encode(OLD).decode()}\n"
    assert repr(Keyring.parse(text)) == repr(Keyring([NEW, OLD]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No master key is configured."),
        (" , \n", "No master key is configured."),
        ("correct-horse-battery-staple!", "Master key 1 is not base64."),
        ("A" * 41, "Master key 1 is not base64."),
        (b64encode(b"x" * 31).decode(), "Master key 1 has 31 bytes; 32 are needed."),
        (f"{b64encode(OLD).decode()} clé", "Master key 2 is not base64."),
    ],
)
def test_a_bad_master_key_is_refused_by_its_position(text: str, sentence: str) -> None:
    with pytest.raises(InvalidMasterKeyError) as refused:
        Keyring.parse(text)
    assert str(refused.value) == sentence


def test_no_key_shows_in_errors_or_in_what_is_printed(binding) -> None:
    key = os.urandom(32)
    keyring, text = Keyring([key]), b64encode(key[:31]).decode()
    with pytest.raises(InvalidMasterKeyError) as refused:
        Keyring.parse(text)
    shown = repr(keyring) + str(keyring) + "".join(traceback.format_exception(refused.value))
    assert text not in shown
    assert key.hex()[:16] not in shown
    assert keyring.sealing_key_id in shown
