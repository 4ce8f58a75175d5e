"""Private keys that the keyring sealed, opened and kept ready."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from engine.signers.base import SignerFailed, SigningKey
from engine.signers.keyring import KeyBinding, Keyring, SealBrokenError

PrivateKey = TypeVar("PrivateKey")

#: How many opened keys one backend keeps.
KEPT = 256


class SealedKeys(Generic[PrivateKey]):
    """Opens sealed keys and remembers the most recently used. Thread-safe.

    Opening costs a decryption and parsing; a signature should not pay for them.
    """

    def __init__(self, keyring: Keyring, parse: Callable[[bytes], PrivateKey]) -> None:
        self._keyring = keyring
        self._parse = parse
        self._kept: OrderedDict[tuple[KeyBinding, str | None, bytes], PrivateKey] = OrderedDict()
        self._lock = Lock()

    def get(self, key: SigningKey) -> PrivateKey:
        """The private key. `SignerFailed` if its material was altered, moved, or is no such key."""
        # The whole binding is in the name: what is kept opens for nobody it was not sealed for.
        name = (key.binding, key.key_id, key.material)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        # Two threads may both open it; that is harmless, and waiting for each other is not.
        opened = self._open(key)
        with self._lock:
            self._kept[name] = opened
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
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
