"""What `sign` and `signBatch` are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import strawberry

from api.graphql.ids import from_global
from api.graphql.mutations.artifact_inputs import ArtifactInput, ContextEntryInput, context_of
from api.graphql.scalars import Base64
from api.graphql.types.signature_enums import DigestAlgorithm
from api.runtime.runtime import Runtime
from engine.formats.sshsig import SshContent
from engine.model import artifacts
from engine.model.errors import Code, Refusal, StorageFailed, not_found
from engine.model.principal import Principal
from engine.queries import records
from engine.queries.records import RecordKind
from engine.signing.request import Outcome, Refused, SignRequest

#: The number of digests that `signBatch` takes at once.
MAX_DIGESTS = 1000


@strawberry.input(
    description="A digest to sign as OpenSSH does, for `ssh-keygen -Y verify` and for git."
)
class SshSigInput:
    namespace: str = strawberry.field(
        description="Where the signature counts, such as `git` for commits and tags, or `file`."
    )
    digest: Base64 = strawberry.field(description="The digest of the content, as raw bytes.")
    digest_algorithm: DigestAlgorithm = strawberry.field(
        default=DigestAlgorithm.SHA512,
        description="The hash function that computed the digest, SHA256 or SHA512.",
    )

    def to_content(self) -> SshContent:
        """Return the engine's form."""
        return SshContent(
            namespace=self.namespace, digest=self.digest, digest_algorithm=self.digest_algorithm
        )


@strawberry.input(
    description="The data to sign: exactly one of a digest, a message, a digest for OpenSSH, and"
    " small content for keypairs of the category GPG."
)
class SignInput:
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the keypair that signs; give either this or the alias.",
    )
    keypair_alias: str | None = strawberry.field(
        default=None,
        description="The alias of the keypair that signs; give either this or the id.",
    )
    release_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the release that the signature must count toward; it is refused"
        " with RELEASE_MISMATCH if it would count toward another one or none.",
    )
    digest: Base64 | None = strawberry.field(
        default=None,
        description="The digest to sign, as raw bytes. For an OpenPGP signature it is that of"
        " content and trailer, and the value is what its packet takes.",
    )
    digest_algorithm: DigestAlgorithm | None = strawberry.field(
        default=None,
        description="The hash function that computed the digest; it is SHA256 if left out."
        " Content is always hashed with SHA512, and any other value is refused"
        " for it.",
    )
    content: Base64 | None = strawberry.field(
        default=None,
        description="The content to sign with a keypair of the category GPG, as raw bytes; the"
        " value is a detached signature in ASCII armor.",
    )
    message: Base64 | None = strawberry.field(
        default=None,
        description="The message to sign as it is with a keypair of ED25519 or ML_DSA, as raw bytes"
        " of up to 64 KiB.",
    )
    sshsig: SshSigInput | None = strawberry.field(
        default=None,
        description="The digest to sign as OpenSSH does; the value is an armored signature that"
        " `ssh-keygen -Y verify` and git read.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of your own choice, such as the build's number. Another call of the"
        " same user with the same key returns the same signature and uses no second one; keys of"
        " other users do not count. With another digest, keypair or release, and from another"
        " pipeline or commit, it is refused.",
    )
    artifact: ArtifactInput | None = strawberry.field(
        default=None, description="The artifact that the signature is for."
    )
    context: list[ContextEntryInput] | None = strawberry.field(
        default=None,
        description="Names and texts about the build, such as repository, commit and URL; up to"
        " 2048 bytes as JSON.",
    )

    timestamp: bool = strawberry.field(
        default=False,
        description="Whether to ask the time-stamping authority of this installation for a token"
        " over the value, which needs an idempotency key. If it fails, the signature is answered"
        " with the error TIMESTAMP_FAILED; the same call again asks for a token again.",
    )

    async def sign(self, runtime: Runtime, principal: Principal) -> Outcome:
        """Sign and return the outcome; refuses ids of other types."""
        if self.timestamp:
            _require_time_stamps(runtime, self.idempotency_key)
        keypair_id = await _keypair_id(runtime, principal, self.keypair_id, self.keypair_alias)
        request = SignRequest(
            keypair_id=keypair_id,
            digest=self.digest,
            digest_algorithm=self.digest_algorithm,
            content=self.content,
            message=self.message,
            ssh=self.sshsig.to_content() if self.sshsig else None,
            idempotency_key=self.idempotency_key,
            release_id=_release_id(self.release_id),
            artifact=self.artifact.to_artifact() if self.artifact else None,
            context=context_of(self.context),
        )
        (outcome,) = await runtime.gate.sign(principal, keypair_id, [request])
        return outcome


@strawberry.input(
    description="One thing of a batch to sign: exactly one of a digest, a message and a digest for"
    " OpenSSH."
)
class SignBatchItem:
    digest: Base64 | None = strawberry.field(
        default=None, description="The digest to sign, as raw bytes."
    )
    digest_algorithm: DigestAlgorithm | None = strawberry.field(
        default=None,
        description="The hash function that computed the digest; it is SHA256 if left out.",
    )
    message: Base64 | None = strawberry.field(
        default=None, description="The message to sign as it is, as for `sign`."
    )
    sshsig: SshSigInput | None = strawberry.field(
        default=None, description="The digest to sign as OpenSSH does, as for `sign`."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A key of the caller's choice, as for `sign`, that applies to this"
        " digest alone.",
    )
    artifact: ArtifactInput | None = strawberry.field(
        default=None, description="The artifact that this signature is for."
    )

    def to_request(
        self, keypair_id: UUID, release_id: UUID | None, context: artifacts.Context | None
    ) -> SignRequest:
        """Return the request to sign this digest."""
        return SignRequest(
            keypair_id=keypair_id,
            digest=self.digest,
            digest_algorithm=self.digest_algorithm,
            message=self.message,
            ssh=self.sshsig.to_content() if self.sshsig else None,
            idempotency_key=self.idempotency_key,
            release_id=release_id,
            artifact=self.artifact.to_artifact() if self.artifact else None,
            context=context,
        )


@strawberry.input(description="Up to 1,000 digests to sign with one keypair.")
class SignBatchInput:
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the keypair that signs; give either this or the alias.",
    )
    keypair_alias: str | None = strawberry.field(
        default=None,
        description="The alias of the keypair that signs; give either this or the id.",
    )
    release_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the release that every signature must count toward; one that would"
        " not is refused with RELEASE_MISMATCH.",
    )
    items: list[SignBatchItem] = strawberry.field(
        description="The digests to sign. Each is decided on its own unless the batch is atomic."
    )
    context: list[ContextEntryInput] | None = strawberry.field(
        default=None,
        description="Names and texts about the build, which are kept with each signature; up to"
        " 2048 bytes as JSON.",
    )
    atomic: bool = strawberry.field(
        default=False,
        description="Whether all signatures are made or none. If one digest is refused, the others"
        " have the code BATCH_REFUSED, and nothing is used.",
    )

    async def sign(self, runtime: Runtime, principal: Principal) -> list[Outcome]:
        """Sign each digest and return the outcomes in the same order."""
        if not 1 <= len(self.items) <= MAX_DIGESTS:
            message = f"Give 1 to {MAX_DIGESTS} digests; these are {len(self.items)}."
            raise Refusal(Code.INVALID_INPUT, message, "items")
        keypair_id = await _keypair_id(runtime, principal, self.keypair_id, self.keypair_alias)
        release_id, context = _release_id(self.release_id), context_of(self.context)
        requests = [item.to_request(keypair_id, release_id, context) for item in self.items]
        outcomes = await runtime.gate.sign(principal, keypair_id, requests, is_atomic=self.atomic)
        _require_storage(outcomes)
        return outcomes


async def _keypair_id(
    runtime: Runtime, principal: Principal, id: strawberry.ID | None, alias: str | None
) -> UUID:
    """Return the keypair that is meant; refuses NOT_FOUND for an alias that no keypair has."""
    if id is not None and alias is None:
        return from_global(id, "Keypair", "keypair_id")
    if alias is None or id is not None:
        message = "Give exactly one of keypairId and keypairAlias."
        raise Refusal(Code.INVALID_INPUT, message, "keypair_id")
    find = partial(records.by_name, kind=RecordKind.KEYPAIR, name=alias)
    keypairs = await runtime.read(principal, find)
    if not keypairs:
        raise not_found("keypair", "keypair_alias")
    keypair_id: UUID = keypairs[0].id
    return keypair_id


def _require_time_stamps(runtime: Runtime, idempotency_key: str | None) -> None:
    """Refuse a time stamp that cannot be had here, or that could not be asked for again."""
    if runtime.time_stamps is None:
        message = (
            "This installation has no time-stamping authority. Ask its operator to set"
            " COUNTERSIGN_TSA_URL, or leave `timestamp` out."
        )
        raise Refusal(Code.INVALID_INPUT, message, "timestamp")
    if idempotency_key is None:
        message = (
            "Give an idempotency key with `timestamp`: if the authority fails, the same call again"
            " answers the same signature and asks for its time stamp."
        )
        raise Refusal(Code.INVALID_INPUT, message, "idempotency_key")


def _release_id(id: strawberry.ID | None) -> UUID | None:
    return from_global(id, "Release", "release_id") if id is not None else None


def _require_storage(outcomes: Sequence[Outcome]) -> None:
    """Raise the database's own failure where nothing else came of the whole batch."""
    refusals = [outcome.refusal for outcome in outcomes if isinstance(outcome, Refused)]
    if len(refusals) == len(outcomes) and all(isinstance(r, StorageFailed) for r in refusals):
        raise refusals[0]
