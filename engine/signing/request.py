"""Requests for signatures, and what becomes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engine.formats.sshsig import SshContent
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.artifacts import Artifact, Context
from engine.model.errors import Code, Refusal
from engine.model.events import SignatureMade
from engine.model.facts import Actor
from engine.model.principal import Principal
from engine.model.signing_factors import Factor
from engine.model.vocabulary import Channel, SignatureForm
from engine.openpgp.signatures import ContentHash
from engine.signers.base import SigningInput, SigningKey

#: How content is hashed to be signed.
CONTENT_HASH = DigestAlgorithm.SHA512


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """A request for one signature of exactly one of digest, content, message and `ssh`."""

    keypair_id: UUID
    digest: bytes | None = None
    #: None: a digest is SHA-256, and content is hashed by `CONTENT_HASH`.
    digest_algorithm: DigestAlgorithm | None = None
    content: bytes | None = None
    message: bytes | None = None
    ssh: SshContent | None = None
    idempotency_key: str | None = None
    #: The release that it must count toward; None: whichever it would.
    release_id: UUID | None = None
    #: What it is for, and how that was built, as the caller says.
    artifact: Artifact | None = None
    context: Context | None = None
    #: The hash state after the content, once somebody has asked for it.
    _content_hash: ContentHash | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def form(self) -> SignatureForm:
        """What is given to be signed."""
        inputs = {
            SignatureForm.CONTENT: self.content,
            SignatureForm.MESSAGE: self.message,
            SignatureForm.SSHSIG: self.ssh,
        }
        forms = (form for form, value in inputs.items() if value is not None)
        return next(forms, SignatureForm.DIGEST)

    @property
    def namespace(self) -> str | None:
        """The namespace of a signature of OpenSSH."""
        return self.ssh.namespace if self.ssh is not None else None

    @property
    def hash_algorithm(self) -> DigestAlgorithm:
        """How the digest was made, or how the content or message is hashed."""
        if self.ssh is not None:
            return self.ssh.digest_algorithm
        if self.digest_algorithm is not None:
            return self.digest_algorithm
        return DigestAlgorithm.SHA256 if self.form is SignatureForm.DIGEST else CONTENT_HASH

    @property
    def given_digest(self) -> bytes | None:
        """The digest that the caller made; None where content or a message is given."""
        return self.ssh.digest if self.ssh is not None else self.digest

    @property
    def stored_digest(self) -> bytes:
        """What the signature's row stores: the digest, or that of the content or message."""
        return self.given_digest or self.content_hash.digest()

    @property
    def content_hash(self) -> ContentHash:
        """The hash state after the content or message, which is hashed once."""
        if self._content_hash is None:
            object.__setattr__(self, "_content_hash", self._hash(self.hash_algorithm))
        assert self._content_hash is not None
        return self._content_hash

    def digest_by(self, algorithm: DigestAlgorithm) -> bytes:
        """The digest as it was given, or the digest of the content by this algorithm."""
        if self.given_digest is not None or algorithm is self.hash_algorithm:
            return self.stored_digest
        return self._hash(algorithm).digest()

    def _hash(self, algorithm: DigestAlgorithm) -> ContentHash:
        return hashlib.new(algorithm.lower(), self.content or self.message or b"")


@dataclass(frozen=True, slots=True, eq=False)
class AtomicGroup:
    """Signatures of one call, of which all are made or none. Each group equals only itself."""

    #: After how many seconds its reservations expire: a large group takes long to sign.
    reservation_seconds: float


@dataclass(frozen=True, slots=True)
class SignCall:
    """The requests of one caller on one keypair."""

    principal: Principal
    keypair_id: UUID
    requests: tuple[SignRequest, ...]
    #: None: each request is decided on its own.
    group: AtomicGroup | None = None


@dataclass(frozen=True, slots=True)
class Reserved:
    """A signature that is counted, and is still to be made."""

    #: The ledger entry that is written once it is made.
    event: SignatureMade
    #: The user as of the instant of the reservation, which decides.
    signer: Actor
    reserved_at: datetime
    digest: bytes
    key: SigningKey
    #: The name of the signer.
    backend: str
    signing_input: SigningInput
    #: Makes the value of the signature out of what the signer answers.
    finish: Callable[[bytes], bytes]
    idempotency_key: str | None
    #: The signatures with which it is made, or not made.
    group: AtomicGroup | None = None

    @property
    def signature_id(self) -> UUID:
        """The id of the signature's row."""
        return self.event.subject_id

    @property
    def release_id(self) -> UUID | None:
        """The release it counts toward, if any."""
        return self.event.release_id


#: Why a request came to nothing that would have been granted by itself.
GROUP_REFUSED = Refusal(
    Code.BATCH_REFUSED,
    "Another signature of this atomic batch could not be made, so none was. Nothing was used.",
)

#: Why a request comes to nothing yet whose idempotency key another call is using.
KEY_IN_PROGRESS = Refusal(
    Code.OVERLOADED,
    "Another call with this idempotency key is signing still. Send the same again shortly.",
    "idempotency_key",
)


@dataclass(frozen=True, slots=True)
class Existing:
    """An earlier signature: its idempotency key was used before, for the same request."""

    signature_id: UUID
    settled: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused request, with the signing factors if they were evaluated."""

    refusal: Refusal
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it is stored."""

    id: UUID
    user_id: UUID
    keypair_id: UUID
    keypair_algorithm: KeypairAlgorithm
    release_id: UUID | None
    digest: bytes
    digest_algorithm: DigestAlgorithm
    value: bytes
    factors: str
    channel: Channel
    reserved_at: datetime
    artifact_name: str | None
    artifact_size: int | None
    artifact_digest: bytes | None
    artifact_digest_algorithm: DigestAlgorithm | None
    context: str | None
    origin: str | None
    form: SignatureForm | None
    namespace: str | None

    @classmethod
    def of(cls, reserved: Reserved, value: bytes) -> Signed:
        """The reserved signature, with the value that was made."""
        event, signer = reserved.event, reserved.signer
        assert signer.user_id is not None
        return cls(
            event.subject_id,
            signer.user_id,
            event.keypair_id,
            reserved.key.algorithm,
            event.release_id,
            reserved.digest,
            DigestAlgorithm(event.digest_algorithm),
            value,
            event.factors,
            signer.channel,
            reserved.reserved_at,
            *artifact_values(event.artifact),
            event.context,
            event.origin,
            event.form,
            event.namespace,
        )


def artifact_values(
    artifact: Artifact | None,
) -> tuple[str | None, int | None, bytes | None, DigestAlgorithm | None]:
    """Name, size, digest and its algorithm, as a signature's row has them."""
    if artifact is None:
        return None, None, None, None
    return artifact.name, artifact.size, artifact.digest, artifact.digest_algorithm


@dataclass(frozen=True, slots=True)
class Made:
    """A signature that was made, now or earlier under the same idempotency key."""

    signature_id: UUID
    #: None: an earlier call has made it, and the caller loads it.
    signed: Signed | None = field(default=None, compare=False)


#: What becomes of one request.
Outcome = Made | Refused
#: The decision on one request: what became of it, or what it still waits for.
Answer = Outcome | Reserved | Existing
