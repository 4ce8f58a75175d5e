"""The port every signer backend implements, and how backends are found."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, Self

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.keyring import KeyBinding, Keyring

__all__ = [
    "ENTRY_POINTS",
    "Content",
    "Digest",
    "GeneratedKey",
    "KeyBinding",
    "Signer",
    "SignerContext",
    "SignerFailed",
    "SigningInput",
    "SigningKey",
    "UnsuitableMessage",
    "load_signers",
    "require_digest",
    "require_supported",
]

#: A distribution adds a backend by naming its class here.
ENTRY_POINTS = "countersign.signers"


class SignerFailed(Exception):
    """A key or a signature could not be made. The message may be shown; it holds no secrets."""


class UnsuitableMessage(SignerFailed):
    """The caller's own fault: a digest of the wrong length, or content where a digest belongs."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The raw digest to sign. `UnsuitableMessage` unless its length fits its algorithm."""

    algorithm: DigestAlgorithm
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != self.algorithm.length:
            due, has = self.algorithm.length, len(self.value)
            message = f"A {self.algorithm} digest has {due} bytes, not {has}."
            raise UnsuitableMessage(message)


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes to sign themselves, for keypairs of category `GPG`."""

    value: bytes = field(repr=False)


SigningInput = Digest | Content


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A new key, to be stored as it is and handed back as a `SigningKey`.

    `material` is what the backend needs to find or open the private key; `key_id` names the
    master key it is sealed under, if it is.
    """

    public_key_pem: str
    material: bytes = field(repr=False)
    key_id: str | None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A stored key: what `generate` answered, and what it was asked for."""

    binding: KeyBinding
    algorithm: KeypairAlgorithm
    public_key_pem: str = field(repr=False)
    material: bytes = field(repr=False)
    key_id: str | None


@dataclass(frozen=True, slots=True)
class SignerContext:
    """What a backend is built from; it picks its own `options` by name (`pkcs11_module`)."""

    keyring: Keyring
    options: Mapping[str, str] = field(repr=False)


class Signer(Protocol):
    """Makes keys and signatures. Called from many threads at once, mostly outside transactions."""

    @property
    def name(self) -> str:
        """Stored with each keypair, to find its backend again."""

    @property
    def algorithms(self) -> AbstractSet[KeypairAlgorithm]:
        """What `generate` can make here."""

    @classmethod
    def from_context(cls, context: SignerContext) -> Self | None:
        """The backend, or None if it is not configured. `SignerFailed` if wrongly so."""

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """Make a key. Raises `SignerFailed`."""

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """Sign with a key that `generate` made here. Raises `SignerFailed`."""

    def destroy(self, key: SigningKey) -> None:
        """Destroy a key that `generate` made here and no keypair uses; none there is no error.

        A backend may also have:

        * `quick_seconds(algorithm)`, if its signatures are made in this process, wait for nothing
          and take no more than a millisecond: how many seconds one takes, or None for an algorithm
          that is slower. Quick signatures are made in the transaction that decides.
        * `health()`, which raises `SignerFailed`, saying what to check, if it could not sign now.
        * If it keeps its keys itself, `stored_keys()`, which answers the `KeyBinding` of each, and
          `removal(binding)`, how an operator removes one.
        """


def load_signers(context: SignerContext) -> dict[str, Signer]:
    """Every configured backend by its name. Raises `SignerFailed`, naming the one at fault."""
    signers: dict[str, Signer] = {}
    for entry in sorted(set(entry_points(group=ENTRY_POINTS)), key=lambda entry: entry.value):
        signer = _build(entry, context)
        if signer is None:
            continue
        if signer.name in signers:
            message = f"Two signer backends are named {signer.name}."
            raise SignerFailed(message)
        signers[signer.name] = signer
    return signers


def _build(entry: EntryPoint, context: SignerContext) -> Signer | None:
    try:
        backend: type[Signer] = entry.load()
    except (ImportError, AttributeError) as error:
        message = f"The signer backend {entry.name} ({entry.value}) cannot be loaded: {error}."
        raise SignerFailed(message) from error
    try:
        return backend.from_context(context)
    except SignerFailed:
        raise
    except Exception as error:
        message = (
            f"The signer backend {entry.name} ({entry.value}) cannot be set up:"
            f" {type(error).__name__}. Check its options."
        )
        raise SignerFailed(message) from error


def require_supported(signer: Signer, algorithm: KeypairAlgorithm) -> None:
    """Raise `SignerFailed` if the backend cannot make keys of this algorithm."""
    if algorithm not in signer.algorithms:
        message = f"The signer {signer.name} cannot make {algorithm} keys."
        raise SignerFailed(message)


def require_digest(message: SigningInput) -> Digest:
    """The message if it is a digest, as every keypair but a `GPG` one needs."""
    if not isinstance(message, Digest):
        raise UnsuitableMessage("This keypair signs a digest, not content.")
    return message
