"""Sign one digest or content, or many digests at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import UserError
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload
from api.graphql.prefetch import reads_ahead
from api.graphql.scalars import Base64
from api.graphql.selection import Selection
from api.graphql.types.enums import DigestAlgorithm
from api.graphql.types.history import Factor, Signature
from api.runtime.runtime import Runtime
from engine.model.errors import Code, Refusal, StorageFailed
from engine.model.principal import Principal
from engine.queries import history
from engine.signing.request import Made, Outcome, Refused, SignRequest

#: Digests that `signBatch` takes at once.
MOST_DIGESTS = 1000


@strawberry.input(
    description="The data to sign: exactly one of a digest and, for OpenPGP keypairs, the content."
)
class SignInput:
    keypair_id: strawberry.ID = strawberry.field(description="The id of the keypair that signs.")
    digest: Base64 | None = strawberry.field(
        default=None, description="The digest to sign, as raw bytes."
    )
    digest_algorithm: DigestAlgorithm | None = strawberry.field(
        default=None,
        description="The hash function that computed the digest; it is SHA256 if left out."
        " Content is always hashed with SHA512, and any other value is refused"
        " for it.",
    )
    content: Base64 | None = strawberry.field(
        default=None, description="The content to sign, as raw bytes."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of your own choice, such as the build's number. Another call of the"
        " same user with the same key returns the same signature and uses no second one; keys of"
        " other users do not count. With another digest or keypair it is refused.",
    )


@strawberry.input(description="One digest of a batch to sign.")
class SignBatchItem:
    digest: Base64 = strawberry.field(description="The digest to sign, as raw bytes.")
    digest_algorithm: DigestAlgorithm = strawberry.field(
        default=DigestAlgorithm.SHA256, description="The hash function that computed the digest."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A key of the caller's choice, as for `sign`, that applies to this"
        " digest alone.",
    )


@strawberry.input(description="Up to 1,000 digests to sign with one keypair.")
class SignBatchInput:
    keypair_id: strawberry.ID = strawberry.field(description="The id of the keypair that signs.")
    items: list[SignBatchItem] = strawberry.field(
        description="The digests to sign, each of which is decided on its own."
    )


@strawberry.type(description="The result of signing: a signature, or why there is none.")
class SignPayload(Payload):
    signature: Signature | None = strawberry.field(
        default=None, description="The signature that was made, or null if it was refused."
    )
    factors: list[Factor] = strawberry.field(
        default_factory=list,
        description="The conditions of the signature as they were evaluated, also if it was"
        " refused.",
    )


@strawberry.type(description="The result for one digest of a batch.")
class SignOutcome:
    signature: Signature | None = strawberry.field(
        default=None, description="The signature that was made, or null if it was refused."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="The reasons why there is no signature; the list is empty if there is one.",
    )


@strawberry.type(description="The results for all digests of a batch, in their order.")
class SignBatchPayload(Payload):
    outcomes: list[SignOutcome] = strawberry.field(
        default_factory=list, description="One result for each digest of the batch."
    )


@strawberry.type
class SigningMutations:
    @strawberry.mutation(
        description="Makes a signature if every condition holds, which needs SIGN."
    )
    async def sign(self, info: Info, input: SignInput) -> SignPayload:
        async def act(runtime: Runtime, principal: Principal) -> Outcome:
            keypair_id = from_global(input.keypair_id, "Keypair", "keypair_id")
            request = SignRequest(
                keypair_id=keypair_id,
                digest=input.digest,
                digest_algorithm=input.digest_algorithm,
                content=input.content,
                idempotency_key=input.idempotency_key,
            )
            (outcome,) = await runtime.gate.sign(principal, keypair_id, [request])
            return outcome

        return await run_mutation(
            info,
            _sign_payload,
            act,
            at_hand=_sign_at_hand,
            signature=_signature,
            refused=_refused,
            factors=_factors,
        )

    @strawberry.mutation(
        description="Signs many digests, each of which is decided on its own; this needs SIGN."
    )
    async def sign_batch(self, info: Info, input: SignBatchInput) -> SignBatchPayload:
        async def act(runtime: Runtime, principal: Principal) -> list[Outcome]:
            if not 1 <= len(input.items) <= MOST_DIGESTS:
                message = f"Give 1 to {MOST_DIGESTS} digests; these are {len(input.items)}."
                raise Refusal(Code.INVALID_INPUT, message, "items")
            keypair_id = from_global(input.keypair_id, "Keypair", "keypair_id")
            requests = [_request(keypair_id, item) for item in input.items]
            outcomes = await runtime.gate.sign(principal, keypair_id, requests)
            _require_storage(outcomes)
            return outcomes

        return await run_mutation(
            info, SignBatchPayload, act, at_hand=_batch_at_hand, outcomes=_outcomes
        )


def _request(keypair_id: UUID, item: SignBatchItem) -> SignRequest:
    return SignRequest(
        keypair_id=keypair_id,
        digest=item.digest,
        digest_algorithm=item.digest_algorithm,
        idempotency_key=item.idempotency_key,
    )


def _sign_payload(
    errors: list[UserError], refused: Refusal | None = None, **parts: Any
) -> SignPayload:
    told = [UserError.of(refused)] if refused is not None else errors
    return SignPayload(errors=told, **parts)


# What was just made is known to its last byte: it is read again only where more than its own fields
# is selected, or where an earlier call made it.


def _sign_at_hand(outcome: Outcome, plan: Selection) -> dict[str, Any] | None:
    signatures = _known([outcome], plan.into("signature"))
    if signatures is None:
        return None
    (signature,) = signatures
    factors = signature.factors() if signature is not None and "factors" in plan else []
    if isinstance(outcome, Refused):
        return {"refused": outcome.refusal, "factors": _refused_factors(outcome)}
    return {"signature": signature, "factors": factors}


def _batch_at_hand(outcomes: Sequence[Outcome], plan: Selection) -> dict[str, Any] | None:
    signatures = _known(outcomes, plan.into("outcomes", "signature"))
    if signatures is None:
        return None
    return {"outcomes": _paired(signatures, outcomes)}


def _known(outcomes: Sequence[Outcome], plan: Selection) -> list[Signature | None] | None:
    if reads_ahead(Signature, plan):
        return None
    made = [outcome.signed for outcome in outcomes if isinstance(outcome, Made)]
    if None in made:
        return None
    return [
        Signature.of(outcome.signed) if isinstance(outcome, Made) and outcome.signed else None
        for outcome in outcomes
    ]


def _signature(shelf: EntityCache, outcome: Outcome) -> Signature | None:
    return _signatures(shelf, [outcome])[0]


def _signatures(shelf: EntityCache, outcomes: Sequence[Outcome]) -> list[Signature | None]:
    ids = {outcome.signature_id for outcome in outcomes if isinstance(outcome, Made)}
    rows = history.signatures_by_ids(shelf.reading, ids) if ids else {}
    made = {id_: Signature.of(row) for id_, row in rows.items()}
    return [made.get(o.signature_id) if isinstance(o, Made) else None for o in outcomes]


def _refused(shelf: EntityCache, outcome: Outcome) -> Refusal | None:
    return outcome.refusal if isinstance(outcome, Refused) else None


def _factors(shelf: EntityCache, outcome: Outcome) -> list[Factor]:
    if isinstance(outcome, Refused):
        return _refused_factors(outcome)
    found = _signature(shelf, outcome)
    return found.factors() if found is not None else []


def _refused_factors(outcome: Refused) -> list[Factor]:
    return [Factor.of(factor) for factor in outcome.factors]


def _outcomes(shelf: EntityCache, outcomes: list[Outcome]) -> list[SignOutcome]:
    return _paired(_signatures(shelf, outcomes), outcomes)


def _paired(
    signatures: Sequence[Signature | None], outcomes: Sequence[Outcome]
) -> list[SignOutcome]:
    return [
        SignOutcome(signature=signature, errors=_told(outcome))
        for signature, outcome in zip(signatures, outcomes, strict=True)
    ]


def _told(outcome: Outcome) -> list[UserError]:
    return [UserError.among_others(outcome.refusal)] if isinstance(outcome, Refused) else []


def _require_storage(outcomes: Sequence[Outcome]) -> None:
    """Raise the database's own failure where nothing else came of the whole batch."""
    refusals = [outcome.refusal for outcome in outcomes if isinstance(outcome, Refused)]
    if len(refusals) == len(outcomes) and all(isinstance(r, StorageFailed) for r in refusals):
        raise refusals[0]
