"""One PKCS#11 token: its session, and what happens when a call to it fails."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

import pkcs11
import structlog
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    MechanismInvalid,
    PKCS11Error,
    RandomNoRNG,
    UserAlreadyLoggedIn,
)
from pkcs11.types import SignMixin

from engine.model.algorithms import KeypairAlgorithm
from engine.signers.base import SignerFailed, SigningInput, UnacceptableKey
from engine.signers.pkcs11 import keys
from engine.signers.pkcs11.errors import (
    NO_KEY,
    PIN_REFUSED,
    SEVERAL_KEYS,
    is_callers_own,
    is_not_begun,
    pin_not_risked,
    sentence_of,
)
from engine.signers.pkcs11.library import find_token, load_library
from engine.signers.pkcs11.settings import TokenSettings
from engine.signers.pkcs11.uri import KeyObject, KeySought

Result = TypeVar("Result")

log = structlog.get_logger("countersign.signers.pkcs11")

# The package initialises the library with NULL, which promises it one caller at a time; SoftHSM
# crashes when two threads break that promise, each in a session of its own. So one session of each
# token is enough, and only tokens of different libraries sign at once.
_CALLERS: dict[str, Lock] = {}
# Counts how often each library was started anew. Handles from before it may name other keys now.
_STARTS: Counter[str] = Counter()
_LOCK_TIMEOUT_SECONDS = 30
_CACHED_KEY_HANDLES = 1024


class _Connection:
    """A logged-in session of one start of the library, and the handles of keys found through it.

    The session only reads, so that a token that is write-protected or a user who may only sign
    will do; a key is made in a session of its own.
    """

    def __init__(self, session: pkcs11.Session, start: int, *, logged_in_here: bool) -> None:
        self.session = session
        self.start = start
        self.logged_in_here = logged_in_here
        self.is_sound = True
        self.private_key = lru_cache(maxsize=_CACHED_KEY_HANDLES)(self._private_key)

    def _private_key(self, key_id: bytes, label: str) -> SignMixin:
        key = self.session.get_key(ObjectClass.PRIVATE_KEY, label=label, id=key_id)
        if not isinstance(key, SignMixin):
            raise SignerFailed("The HSM's key for this keypair cannot sign.")
        return key

    def mechanisms(self) -> frozenset[Mechanism]:
        """What the token says that it can do."""
        return frozenset(self.session.token.slot.get_mechanisms())

    @contextmanager
    def writable(self) -> Iterator[pkcs11.Session]:
        """A session that may write; the login holds for all sessions of the process."""
        # Had the login been lost, a new session would see no private keys, and say nothing of it;
        # the one that logged in says so, whatever it is asked for.
        with suppress(RandomNoRNG):
            self.session.generate_random(8)
        session = self.session.token.open(rw=True)
        try:
            yield session
        finally:
            try:
                session.close()
            except PKCS11Error:
                self.is_sound = False


class Token:
    """The token of this label. Thread-safe; connects at first use, and again after a failure."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        self._module = settings.module
        self._caller = _CALLERS.setdefault(settings.module, Lock())
        self._pin_refusal: str | None = None
        self._connection: _Connection | None = None
        # Keys that were begun and not finished: whatever is there of them is to be destroyed.
        self._unfinished: set[tuple[bytes, str]] = set()

    def check(self) -> None:
        """Ask the token for something; `SignerFailed` if it does not answer."""
        self._run(_Connection.mechanisms)
        self._clean_up()

    def make_key(self, algorithm: KeypairAlgorithm, key_id: bytes, label: str) -> str:
        """Make a key inside the token; answers its public half in PEM.

        After a failure nothing is left of it, as soon as the token can be reached again.
        """
        key = (key_id, label)

        def make(connection: _Connection) -> str:
            # Before it is made: a token may make keys of a kind with which it cannot sign.
            if not keys.MECHANISMS[algorithm.scheme] <= connection.mechanisms():
                raise MechanismInvalid
            with connection.writable() as session:
                if key in self._unfinished:
                    _destroy(session, *key)
                elif list(session.get_objects({Attribute.ID: key_id})):
                    # Two keys of one id would sign for none.
                    raise SignerFailed("The HSM already holds a key for this keypair.")
                self._unfinished.add(key)
                pem = keys.make(session, algorithm, key_id, label)
            self._unfinished.discard(key)
            return pem

        try:
            return self._run(make)
        except SignerFailed:
            self._clean_up()
            raise

    def destroy_key(self, key_id: bytes, label: str) -> None:
        """Destroy both halves of a key; a key that is not there is no error."""
        self._unfinished.add((key_id, label))
        self._run(self._destroy_unfinished)

    def sign(
        self, algorithm: KeypairAlgorithm, key_id: bytes, label: str, message: SigningInput
    ) -> bytes:
        """Sign with the key of this id and label."""

        def make(connection: _Connection) -> bytes:
            return keys.sign(connection.private_key(key_id, label), algorithm, message)

        return self._run(make)

    def find_key(self, sought: KeySought, algorithm: KeypairAlgorithm) -> tuple[KeyObject, str]:
        """Find the one private key that is named so; answers where it is, and its public half."""
        template: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
        if sought.label is not None:
            template[Attribute.LABEL] = sought.label
        if sought.id is not None:
            template[Attribute.ID] = sought.id

        def find(connection: _Connection) -> tuple[KeyObject, str]:
            matching = list(connection.session.get_objects(template))
            if len(matching) != 1:
                raise UnacceptableKey(SEVERAL_KEYS if matching else NO_KEY)
            (private,) = matching
            place = KeyObject(bytes(private[Attribute.ID]), str(private[Attribute.LABEL]))
            return place, keys.public_half(connection.session, private, algorithm)

        return self._run(find)

    def labels(self) -> frozenset[str]:
        """The labels of all keys in the token, also of one half without the other."""
        return self._run(
            lambda connection: frozenset(
                str(key[Attribute.LABEL])
                for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY)
                for key in connection.session.get_objects({Attribute.CLASS: kind})
            )
        )

    def _clean_up(self) -> None:
        """Destroy what is left of unfinished keys, now or at a later call."""
        if self._unfinished:
            with suppress(SignerFailed):
                self._run(self._destroy_unfinished)

    def _destroy_unfinished(self, connection: _Connection) -> None:
        with connection.writable() as session:
            for key in sorted(self._unfinished):
                _destroy(session, *key)
                self._unfinished.discard(key)
                connection.private_key.cache_clear()

    def _run(self, work: Callable[[_Connection], Result]) -> Result:
        if not self._caller.acquire(timeout=_LOCK_TIMEOUT_SECONDS):
            raise SignerFailed("The HSM is busy. Try again shortly.")
        try:
            return self._with_one_retry(work)
        except SignerFailed:
            raise
        except Exception as error:
            raise SignerFailed(self._end_call(error)) from error
        finally:
            self._caller.release()

    def _with_one_retry(self, work: Callable[[_Connection], Result]) -> Result:
        # Only what cannot have begun: nothing that may have signed is done a second time.
        try:
            return work(self._connected())
        except PKCS11Error as error:
            if not is_not_begun(error):
                raise
        self._disconnect()
        return work(self._connected())

    def _end_call(self, error: Exception) -> str:
        """After a failure: drop the connection unless it is sound, and say what to check."""
        if self._pin_refusal is None and not (is_callers_own(error) and self._is_trusted()):
            self._disconnect()
        log.warning(
            "hsm_call_failed",
            error=type(error).__name__,
            # The texts of this library are its own; those of others may hold anything.
            detail=str(error) if isinstance(error, PKCS11Error) else None,
            signer=self._settings.signer,
            token=self._settings.label,
            reconnects=self._connection is None,
        )
        return self._pin_refusal or sentence_of(error, self._settings)

    def _is_trusted(self) -> bool:
        # Who is not logged in sees no private keys. Somebody else's login may have ended since.
        return self._connection is not None and self._connection.logged_in_here

    def _connected(self) -> _Connection:
        start = _STARTS[self._module]
        known = self._connection
        if known is not None and known.start == start and known.is_sound:
            return known
        if known is not None and not known.is_sound:
            self._disconnect()
        self._connection = self._connect()
        log.info("hsm_connected", signer=self._settings.signer, token=self._settings.label)
        return self._connection

    def _connect(self) -> _Connection:
        if self._pin_refusal is not None:
            raise SignerFailed(self._pin_refusal)
        token = find_token(load_library(self._module), self._settings.label)
        if token.flags & (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED):
            # The flags go when somebody logs in; a wrong PIN of ours would lock the token.
            raise SignerFailed(pin_not_risked(self._settings))
        try:
            session = token.open(user_pin=self._settings.pin)
        except UserAlreadyLoggedIn:
            # Logging in is for the whole process; another session did.
            return _Connection(token.open(), _STARTS[self._module], logged_in_here=False)
        except PIN_REFUSED as error:
            sentence = sentence_of(error, self._settings)
            self._pin_refusal = f"{sentence} It is not tried again before a restart."
            raise
        return _Connection(session, _STARTS[self._module], logged_in_here=True)

    def _disconnect(self) -> None:
        """The next call starts the library anew: after a loss, only that brings a device back."""
        self._connection = None
        _STARTS[self._module] += 1
        with suppress(PKCS11Error):
            load_library(self._module).finalize()


def _destroy(session: pkcs11.Session, key_id: bytes, label: str) -> None:
    # Both halves have the id and the label; another keypair's key has neither.
    for half in list(session.get_objects({Attribute.ID: key_id, Attribute.LABEL: label})):
        half.destroy()
