"""A cache of private keys, opened from the form in which the keyring sealed them."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from engine.signers.base import SignerFailed, SigningKey
from engine.signers.keyring import KeyBinding, Keyring, SealBrokenError

PrivateKey = TypeVar("PrivateKey")

#: Opened keys that one backend remembers.
MAX_OPENED_KEYS = 256


class SealedKeys(Generic[PrivateKey]):
    """Opens sealed keys and remembers the most recently used. Thread-safe.

    Opening costs a decryption and parsing; a signature should not pay for them.
    """

    def __init__(self, keyring: Keyring, parse: Callable[[bytes], PrivateKey]) -> None:
        self._keyring = keyring
        self._parse = parse
        self._opened: OrderedDict[tuple[KeyBinding, str | None, bytes], PrivateKey] = OrderedDict()
        self._lock = Lock()

    def get(self, key: SigningKey) -> PrivateKey:
        """The private key. `SignerFailed` if its material was altered, moved, or is no such key."""
        # With the whole binding, so that an opened key serves only the keypair it was sealed for.
        cache_key = (key.binding, key.key_id, key.material)
        with self._lock:
            if cache_key in self._opened:
                self._opened.move_to_end(cache_key)
                return self._opened[cache_key]
        # Two threads may both open it; that is harmless, and waiting for each other is not.
        opened = self._open(key)
        with self._lock:
            self._opened[cache_key] = opened
            while len(self._opened) > MAX_OPENED_KEYS:
                self._opened.popitem(last=False)
        return opened

    def _open(self, key: SigningKey) -> PrivateKey:
        try:
            secret = self._keyring.open(key.material, key.key_id, key.binding)
        except SealBrokenError as error:
            raise SignerFailed(str(error)) from error
        try:
            return self._parse(secret)
        except (TypeError, ValueError, UnsupportedAlgorithm, RuntimeError):
            # Without its cause: a parser's message may quote what it was given.
            raise SignerFailed("The sealed key is not a private key of this backend.") from None
