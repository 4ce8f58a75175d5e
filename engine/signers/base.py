"""The port every signer backend implements: what it is handed, and what it can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import inf
from typing import Self

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.signers.keyring import KeyBinding, Keyring

__all__ = [
    "Capabilities",
    "Digest",
    "GeneratedKey",
    "KeyBinding",
    "Message",
    "Signer",
    "SignerContext",
    "SignerFailed",
    "SigningInput",
    "SigningKey",
    "UnacceptableKey",
    "UnsuitableMessage",
    "inputs_of",
    "require_generates",
    "require_input",
]

#: Bytes of a message that is signed as itself, at most. Larger ones are signed by their digest.
MAX_MESSAGE_BYTES = 64 * 1024


class SignerFailed(Exception):
    """A key or a signature could not be made. The message may be shown; it holds no secrets."""


class UnsuitableMessage(SignerFailed):
    """The caller's own fault: a digest of the wrong length, or a message where a digest belongs."""


class UnacceptableKey(SignerFailed):
    """The caller's own fault: a key that is to come in is not there, cannot be read, or is weak."""


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
class Message:
    """Bytes to sign as they are. `UnsuitableMessage` if they are more than `MAX_MESSAGE_BYTES`."""

    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.value) > MAX_MESSAGE_BYTES:
            message = f"A message has at most {MAX_MESSAGE_BYTES} bytes. Sign its digest."
            raise UnsuitableMessage(message)


SigningInput = Digest | Message
InputTypes = frozenset[type[Digest] | type[Message]]

_INPUTS: Mapping[Scheme, InputTypes] = {
    Scheme.ECDSA: frozenset({Digest}),
    Scheme.ED25519: frozenset({Digest, Message}),
    Scheme.ML_DSA: frozenset({Digest, Message}),
    Scheme.RSA_PSS: frozenset({Digest}),
    Scheme.RSA_PKCS1: frozenset({Digest}),
}
_INPUT_NAMES: Mapping[type, str] = {
    Digest: "a digest",
    Message: "a message",
}


def inputs_of(algorithms: Iterable[KeypairAlgorithm]) -> dict[KeypairAlgorithm, InputTypes]:
    """Return what keys of these algorithms can sign at all: a `Digest`, a `Message`, or either."""
    return {algorithm: _INPUTS[algorithm.scheme] for algorithm in algorithms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; nothing else is asked of it. The same for as long as it exists."""

    #: What keys of each algorithm sign here.
    signs: Mapping[KeypairAlgorithm, InputTypes]
    #: The algorithms of the keys that `generate` makes.
    generates: AbstractSet[KeypairAlgorithm]
    #: The algorithms of the keys that `import_key` takes.
    imports: AbstractSet[KeypairAlgorithm] = frozenset()
    #: The algorithms of the keys that `adopt` finds.
    adopts: AbstractSet[KeypairAlgorithm] = frozenset()
    #: How many seconds a signature takes, for those that are made in this process, wait for nothing
    #: and take no more than a millisecond. They are made in the transaction that decides.
    quick_seconds: Mapping[KeypairAlgorithm, float] = field(default_factory=dict)
    #: Whether `health` tells whether the backend could sign now.
    checks_health: bool = False
    #: Whether the backend keeps its keys itself, and `stored_keys` lists them.
    lists_keys: bool = False

    def __post_init__(self) -> None:
        if not all(0 < seconds < inf for seconds in self.quick_seconds.values()):
            raise ValueError("quick_seconds has a value that is no time")
        if not self.generates | self.imports | self.adopts <= self.signs.keys():
            raise ValueError("keys come in that sign nothing")


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
    """A stored key: what the backend answered when it came in, and what was asked for."""

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


class Signer(ABC):
    """Makes keys and signatures. Called from many threads at once, mostly outside transactions.

    Every method raises `SignerFailed`, whose message says what to check. Methods that are not
    abstract are called only if `capabilities` declares them.
    """

    #: Stored with each keypair, to find its backend again.
    name: str
    capabilities: Capabilities

    @classmethod
    @abstractmethod
    def from_context(cls, context: SignerContext) -> Sequence[Self]:
        """The backends of this class, each by its own name; none if it is not configured."""

    @abstractmethod
    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """Make a key."""

    @abstractmethod
    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """Sign with a key that came in here. `UnsuitableMessage` if it cannot sign such a thing."""

    @abstractmethod
    def destroy(self, key: SigningKey) -> None:
        """Destroy a key that was generated or imported here, and that no keypair uses.

        A key that is not there is no error.
        """

    def import_key(
        self, private_key: bytes, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """Take a private key, which is PKCS#8 in DER, and was found acceptable."""
        raise NotImplementedError

    def adopt(
        self, reference: str, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """Find a key that the backend holds already, by whatever its users call it.

        `UnacceptableKey` if there is none or several, or it is another keypair's.
        """
        raise NotImplementedError

    def health(self) -> None:
        """Do nothing, if the backend could sign now."""
        raise NotImplementedError

    def stored_keys(self) -> Iterable[KeyBinding]:
        """The keys that were generated or imported here."""
        raise NotImplementedError

    def removal(self, binding: KeyBinding) -> str:
        """Half a sentence on how an operator removes a key of `stored_keys`."""
        raise NotImplementedError


def require_generates(signer: Signer, algorithm: KeypairAlgorithm) -> None:
    """Raise `SignerFailed` if the backend does not make keys of this algorithm."""
    if algorithm not in signer.capabilities.generates:
        message = f"The signer {signer.name} cannot make {algorithm} keys."
        raise SignerFailed(message)


def require_input(signer: Signer, algorithm: KeypairAlgorithm, message: SigningInput) -> None:
    """Raise `UnsuitableMessage` if keys of this algorithm do not sign such a thing here."""
    accepted = signer.capabilities.signs.get(algorithm, frozenset())
    if type(message) not in accepted:
        names = " or ".join(sorted(_INPUT_NAMES[type_] for type_ in accepted)) or "nothing"
        text = f"This keypair signs {names}, not {_INPUT_NAMES[type(message)]}."
        raise UnsuitableMessage(text)
