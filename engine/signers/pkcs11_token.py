"""One PKCS#11 token: its session, and calls that survive losing it once."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import TypeVar

import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import (
    DeviceError,
    DeviceRemoved,
    GeneralError,
    KeyHandleInvalid,
    NoSuchKey,
    ObjectHandleInvalid,
    PinIncorrect,
    PinLocked,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
)
from pkcs11.types import SignMixin

from engine.algorithms import KeypairAlgorithm
from engine.signers import pkcs11_keys
from engine.signers.base import Digest, SignerFailed

Answer = TypeVar("Answer")

_LOST = (
    DeviceError,
    DeviceRemoved,
    GeneralError,
    KeyHandleInvalid,
    ObjectHandleInvalid,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    UserNotLoggedIn,
)
# The package initialises the library with NULL, which promises it one caller at a time; SoftHSM
# crashes when two threads break that promise, each in a session of its own.
_ONE_CALLER = Lock()
# Counts how often each library was started anew. Handles from before it may name other keys now.
_STARTS: Counter[str] = Counter()
_WAIT_SECONDS = 30
_HANDLES_KEPT = 1024


class _Connection:
    """A logged-in session of one start of the library, and the handles of keys found through it."""

    def __init__(self, session: pkcs11.Session, start: int) -> None:
        self.session = session
        self.start = start
        self.private_key = lru_cache(maxsize=_HANDLES_KEPT)(self._private_key)

    def _private_key(self, key_id: bytes, label: str) -> SignMixin:
        key = self.session.get_key(ObjectClass.PRIVATE_KEY, label=label, id=key_id)
        if not isinstance(key, SignMixin):
            raise SignerFailed("The HSM's key for this keypair cannot sign.")
        return key


class Token:
    """The token of this label. Thread-safe; connects at first use and again after a loss."""

    def __init__(self, module: str, label: str, pin: str) -> None:
        self._module = module
        self._label = label
        self._pin = pin
        self._pin_refused = False
        self._connection: _Connection | None = None

    def algorithms(self) -> frozenset[KeypairAlgorithm]:
        """Those whose mechanisms the token has."""
        found = self._run(lambda connection: connection.session.token.slot.get_mechanisms())
        return frozenset(
            algorithm
            for algorithm, mechanisms in pkcs11_keys.MECHANISMS.items()
            if mechanisms <= found
        )

    def make_key(self, algorithm: KeypairAlgorithm, key_id: bytes, label: str) -> str:
        """Make a key inside the token; answers its public half in PEM."""

        def make(connection: _Connection) -> str:
            # Also after a loss in the middle of this call: two keys of one id would sign for none.
            if list(connection.session.get_objects({Attribute.ID: key_id})):
                raise SignerFailed("The HSM already holds a key for this keypair.")
            return pkcs11_keys.make(connection.session, algorithm, key_id, label)

        return self._run(make)

    def sign(self, algorithm: KeypairAlgorithm, key_id: bytes, label: str, digest: Digest) -> bytes:
        """Sign with the key of this id and label."""

        def make(connection: _Connection) -> bytes:
            return pkcs11_keys.sign(connection.private_key(key_id, label), algorithm, digest)

        return self._run(make)

    def _run(self, work: Callable[[_Connection], Answer]) -> Answer:
        if not _ONE_CALLER.acquire(timeout=_WAIT_SECONDS):
            raise SignerFailed("The HSM is busy.")
        try:
            return self._retried(work)
        except NoSuchKey:
            raise SignerFailed("The HSM holds no key for this keypair.") from None
        except PKCS11Error as error:
            message = f"The HSM refused: {type(error).__name__}."
            raise SignerFailed(message) from error
        finally:
            _ONE_CALLER.release()

    def _retried(self, work: Callable[[_Connection], Answer]) -> Answer:
        try:
            return work(self._connected())
        except PKCS11Error as error:
            # A bare PKCS11Error: a library that is no longer initialised, or the vendor's own code.
            if not (isinstance(error, _LOST) or type(error) is PKCS11Error):
                raise
        self._disconnect()
        return work(self._connected())

    def _connected(self) -> _Connection:
        start = _STARTS[self._module]
        if self._connection is None or self._connection.start != start:
            self._connection = _Connection(self._open(), start)
        return self._connection

    def _open(self) -> pkcs11.Session:
        if self._pin_refused:
            raise SignerFailed("The HSM refused the PIN; it is not tried again before a restart.")
        token = pkcs11.lib(self._module).get_token(token_label=self._label)
        try:
            return token.open(rw=True, user_pin=self._pin)
        except UserAlreadyLoggedIn:
            # Logging in is for the whole process; another session did.
            return token.open(rw=True)
        except (PinIncorrect, PinLocked):
            # A few wrong tries lock a token for good.
            self._pin_refused = True
            raise

    def _disconnect(self) -> None:
        """Start the library anew: after a device was away, only that brings it back."""
        _STARTS[self._module] += 1
        with suppress(PKCS11Error):
            pkcs11.lib(self._module).finalize()
