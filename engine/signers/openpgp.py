"""OpenPGP keys: detached armored signatures over content, which `gpg --verify` accepts."""

import subprocess
import sys
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pysequoia import PySigner, SignatureMode, Tsk, sign
from pysequoia.packet import PacketPile

from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory
from engine.signers.base import (
    Content,
    GeneratedKey,
    KeyBinding,
    SignerContext,
    SignerFailed,
    SigningInput,
    SigningKey,
    UnsuitableMessage,
    require_supported,
)
from engine.signers.sealed_keys import SealedKeys

_KEYGEN = Path(__file__).with_name("openpgp_keygen.py")
_KEYGEN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class _OpenedKey:
    """A key that is ready to sign, and the instant from which it is valid."""

    valid_from: datetime
    signer: PySigner


class OpenPgpSigner:
    """Keys are whole transferable secret keys, sealed by the keyring; content is hashed here."""

    name = "openpgp"
    algorithms: AbstractSet[KeypairAlgorithm] = frozenset(
        algorithm for algorithm in KeypairAlgorithm if algorithm.category is KeypairCategory.GPG
    )

    def __init__(self, context: SignerContext) -> None:
        self._keyring = context.keyring
        self._keys = SealedKeys(context.keyring, _opened)

    @classmethod
    def from_context(cls, context: SignerContext) -> "OpenPgpSigner":
        """Always there: it needs nothing but the keyring."""
        return cls(context)

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """The public key is armored, its user id names the keypair, and it does not expire."""
        require_supported(self, algorithm)
        secret = _make(algorithm, f"Countersign {binding.keypair_id}")
        public = str(Tsk.from_bytes(secret).extract_certificate())
        sealed = self._keyring.seal(secret, binding)
        return GeneratedKey(public, sealed.material, sealed.key_id)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """A detached signature in ASCII armor."""
        if not isinstance(message, Content):
            raise UnsuitableMessage("An OpenPGP keypair signs content, not a digest.")
        opened = self._keys.get(key)
        _require_valid(opened.valid_from)
        try:
            return sign(opened.signer, message.value, mode=SignatureMode.DETACHED)
        except RuntimeError as error:
            raise SignerFailed("The OpenPGP signature could not be made.") from error

    def destroy(self, key: SigningKey) -> None:
        """Nothing is to be done: the key was nowhere but in its sealed material."""


def _opened(secret: bytes) -> _OpenedKey:
    packets = list(PacketPile.from_bytes(secret))
    instants = [instant for p in packets for instant in (p.key_created, p.signature_created)]
    valid_from = max(instant for instant in instants if instant is not None)
    # The library says of a key from the future only that it has none to sign with.
    _require_valid(valid_from)
    return _OpenedKey(valid_from, Tsk.from_bytes(secret).signer())


def _require_valid(valid_from: datetime) -> None:
    """A signature that is older than its key is accepted by nobody."""
    now = datetime.now(UTC)
    if now >= valid_from:
        return
    message = (
        f"The key is valid from {valid_from:%Y-%m-%dT%H:%M:%SZ}, and the clock of the machine that"
        f" signs says {now:%Y-%m-%dT%H:%M:%SZ}. Set that clock right, then sign again."
    )
    raise SignerFailed(message)


def _make(algorithm: KeypairAlgorithm, user_id: str) -> bytes:
    # -P: the program's own directory must not hide installed packages of the same names.
    command = [sys.executable, "-P", str(_KEYGEN), algorithm.value, user_id]
    try:
        result = subprocess.run(  # noqa: S603 - an algorithm's name and a uuid, and no shell
            command, capture_output=True, timeout=_KEYGEN_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        # Without its cause, which would hold whatever was already written of the key.
        raise SignerFailed("The OpenPGP key could not be made.") from None
    return result.stdout
