"""Sealing private keys under the master key (spec section 5)."""

import binascii
import hmac
import os
import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_KEY_BYTES = 32

_FORMAT = b"\x01"
_NONCE_BYTES = 12
# Begins the associated data; keeps what was sealed for one use from opening for another.
_FOR_KEYPAIR = b"countersign:keypair:"
_FOR_CHECK = b"countersign:master-key-check"


class KeyringError(Exception):
    """Something about the master key or what it sealed is wrong."""


class InvalidMasterKeyError(KeyringError):
    """A configured master key is not 32 bytes in base64."""


class WrongMasterKeyError(KeyringError):
    """The configured master key is not the one this database was set up with."""


class SealBrokenError(KeyringError):
    """A sealed key does not open: other master key, altered, or another keypair's."""


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """Whose key it is. A sealed key opens for exactly this account and keypair."""

    account_id: UUID
    keypair_id: UUID


class Sealed(NamedTuple):
    """A secret as it may be stored, and the id of the master key it was sealed under."""

    material: bytes
    key_id: str


class Keyring:
    """The master keys: the first seals, every one of them opens, so that they can be rotated.

    Thread-safe. Shows key ids, never keys.
    """

    __slots__ = ("_ciphers", "_sealing_key_id")

    def __init__(self, master_keys: Sequence[bytes]) -> None:
        """Each key has 32 bytes, else `InvalidMasterKeyError`; as it does without any key."""
        if not master_keys:
            raise InvalidMasterKeyError("No master key is configured.")
        for position, key in enumerate(master_keys, start=1):
            _check_length(key, position)
        self._ciphers = {_key_id(key): AESGCM(key) for key in master_keys}
        self._sealing_key_id = _key_id(master_keys[0])

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """From base64 keys (standard or URL-safe) separated by commas or white space.

        Raises `InvalidMasterKeyError`, which names the key by its position only.
        """
        words = enumerate(master_keys_of(text), start=1)
        return cls([parse_master_key(word, at) for at, word in words])

    def __repr__(self) -> str:
        return f"<Keyring seals={self._sealing_key_id} opens={sorted(self._ciphers)}>"

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of all configured keys."""
        return frozenset(self._ciphers)

    @property
    def sealing_key_id(self) -> str:
        """16 hex digits; material sealed under any other id awaits rotation."""
        return self._sealing_key_id

    def seal(self, secret: bytes, binding: KeyBinding) -> Sealed:
        """Encrypt with AES-256-GCM, bound to the account and the keypair."""
        return Sealed(self._encrypt(secret, _associated(binding)), self._sealing_key_id)

    def open(self, material: bytes, key_id: str | None, binding: KeyBinding) -> bytes:
        """The secret that `seal` was given, or `SealBrokenError`."""
        if key_id not in self._ciphers:
            message = f"Sealed under master key {key_id}, which is not configured."
            raise SealBrokenError(message)
        try:
            return self._decrypt(material, key_id, _associated(binding))
        except InvalidTag:
            message = "The sealed key was altered, or belongs to another keypair."
            raise SealBrokenError(message) from None

    def make_check(self) -> bytes:
        """A value to store at set-up, and again after a rotation, for `verify_check`."""
        return self._sealing_key_id.encode() + b":" + self._encrypt(b"", _FOR_CHECK)

    def verify_check(self, check: bytes) -> None:
        """Raise `WrongMasterKeyError` unless one of the keys made the stored check (at start)."""
        key_id, _, sealed = check.partition(b":")
        name = key_id.decode("ascii", "replace")
        if name not in self._ciphers:
            configured = ", ".join(sorted(self._ciphers))
            message = (
                f"The database was set up with master key {name}; configured: {configured}."
                " Set COUNTERSIGN_MASTER_KEY to the one it was set up with."
                " To change it, set both as NEW,OLD and run `countersign keys reseal`."
            )
            raise WrongMasterKeyError(message)
        try:
            self._decrypt(sealed, name, _FOR_CHECK)
        except InvalidTag:
            message = f"The stored check of master key {name} does not open; it was altered."
            raise WrongMasterKeyError(message) from None

    def _encrypt(self, secret: bytes, associated: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._sealing_key_id]
        return _FORMAT + nonce + cipher.encrypt(nonce, secret, _FORMAT + associated)

    def _decrypt(self, sealed: bytes, key_id: str, associated: bytes) -> bytes:
        body = sealed.removeprefix(_FORMAT)
        nonce, ciphertext = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
        if len(nonce) < _NONCE_BYTES:
            raise InvalidTag
        return self._ciphers[key_id].decrypt(nonce, ciphertext, _FORMAT + associated)


def master_keys_of(text: str) -> list[str]:
    """Split a setting into its keys, as they are written; the first seals."""
    return [word for word in re.split(r"[\s,]+", text) if word]


def parse_master_key(text: str, position: int = 1) -> bytes:
    """32 bytes from their base64, padded or not. The message never repeats the text."""
    standard = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        message = f"Master key {position} is not base64."
        raise InvalidMasterKeyError(message) from None
    _check_length(key, position)
    return key


def _check_length(key: bytes, position: int) -> None:
    if len(key) != MASTER_KEY_BYTES:
        message = f"Master key {position} has {len(key)} bytes; {MASTER_KEY_BYTES} are needed."
        raise InvalidMasterKeyError(message)


def _key_id(key: bytes) -> str:
    # Keyed by the secret itself: tells keys apart, and says nothing about them.
    return hmac.digest(key, b"countersign:master-key-id", "sha256")[:8].hex()


def _associated(binding: KeyBinding) -> bytes:
    return _FOR_KEYPAIR + binding.account_id.bytes + binding.keypair_id.bytes
