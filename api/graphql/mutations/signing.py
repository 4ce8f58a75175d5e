"""Sign one digest or content, or many digests at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import UserError
from api.graphql.mutations.payload import Payload
from api.graphql.mutations.signing_inputs import SignBatchInput, SignInput
from api.graphql.prefetch import needs_loading
from api.graphql.resolvers import run_action
from api.graphql.scalars import Base64
from api.graphql.selection import Selection
from api.graphql.types.signature import Factor, Signature
from engine.model.errors import Refusal
from engine.queries import signatures as signatures_query
from engine.signing.request import Made, Outcome, Refused

if TYPE_CHECKING:
    from api.timestamps.authority import TimeStampAuthority


@strawberry.type(
    description="A token of a time-stamping authority (RFC 3161), verified before it was answered."
)
class TimeStamp:
    token: Base64 = strawberry.field(
        description="The token in DER, as CMS signatures and `openssl ts -token_in` take it."
    )
    at: datetime = strawberry.field(description="The time at which the signature existed.")


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
    time_stamp: TimeStamp | None = strawberry.field(
        default=None,
        description="The time stamp over the signature's value, if one was asked for and given.",
    )

    @classmethod
    def without_reading(cls, result: Outcome, selection: Selection) -> Self | None:
        """Return the payload if the signature is new and nothing beneath it has to be read."""
        signatures = _new_signatures([result], selection.into("signature"))
        return None if signatures is None else cls.of(result, signatures[0], selection)

    @classmethod
    def read_back(cls, cache: EntityCache, outcome: Outcome) -> Self:
        """Return the payload with the signature as it is stored."""
        return cls.of(outcome, _stored_signatures(cache, [outcome])[0])

    @classmethod
    def of(
        cls, outcome: Outcome, signature: Signature | None, selection: Selection | None = None
    ) -> Self:
        """Return the payload of an outcome; factors that are not selected are left out."""
        if isinstance(outcome, Refused):
            factors = [Factor.of(factor) for factor in outcome.factors]
            return cls(errors=[UserError.of(outcome.refusal)], factors=factors)
        shows_factors = selection is None or "factors" in selection
        factors = signature.factors() if signature is not None and shows_factors else []
        return cls(signature=signature, factors=factors)


@strawberry.type(description="The result for one digest of a batch.")
class SignOutcome:
    signature: Signature | None = strawberry.field(
        default=None, description="The signature that was made, or null if it was refused."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="The reasons why there is no signature; the list is empty if there is one.",
    )

    @classmethod
    def of(cls, outcome: Outcome, signature: Signature | None) -> SignOutcome:
        """Return the result for a digest from its outcome."""
        if isinstance(outcome, Refused):
            return cls(errors=[UserError.of_batch_item(outcome.refusal)])
        return cls(signature=signature)


@strawberry.type(description="The results for all digests of a batch, in their order.")
class SignBatchPayload(Payload):
    outcomes: list[SignOutcome] = strawberry.field(
        default_factory=list, description="One result for each digest of the batch."
    )

    @classmethod
    def without_reading(cls, result: list[Outcome], selection: Selection) -> Self | None:
        """Return the payload if all signatures are new and nothing beneath has to be read."""
        signatures = _new_signatures(result, selection.into("outcomes", "signature"))
        return None if signatures is None else cls.of(result, signatures)

    @classmethod
    def read_back(cls, cache: EntityCache, outcomes: list[Outcome]) -> Self:
        """Return the payload with the signatures as they are stored."""
        return cls.of(outcomes, _stored_signatures(cache, outcomes))

    @classmethod
    def of(cls, outcomes: list[Outcome], signatures: list[Signature | None]) -> Self:
        """Return the payload of outcomes and their signatures."""
        pairs = zip(outcomes, signatures, strict=True)
        return cls(outcomes=[SignOutcome.of(outcome, signature) for outcome, signature in pairs])


@strawberry.type
class SigningMutations:
    @strawberry.mutation(
        description="Makes a signature if every condition holds, which needs SIGN."
    )
    async def sign(self, info: Info, input: SignInput) -> SignPayload:
        payload = await run_action(info, input, input.sign, SignPayload)
        authority = info.context.runtime.time_stamps
        if input.timestamp and authority is not None and payload.signature is not None:
            await _stamp(payload, authority, input)
        return payload

    @strawberry.mutation(
        description="Signs many digests, each of which is decided on its own; this needs SIGN."
    )
    async def sign_batch(self, info: Info, input: SignBatchInput) -> SignBatchPayload:
        return await run_action(info, input, input.sign, SignBatchPayload)


async def _stamp(payload: SignPayload, authority: TimeStampAuthority, input: SignInput) -> None:
    """Add a time stamp to the payload of a signature, or why there is none."""
    assert payload.signature is not None
    assert payload.signature.value is not None
    try:
        stamp = await authority.stamp(bytes(payload.signature.value))
    except Refusal as refusal:
        payload.errors = UserError.of_all(refusal, input)
    else:
        payload.time_stamp = TimeStamp(token=Base64(stamp.token), at=stamp.at)


def _new_signatures(
    outcomes: Sequence[Outcome], selection: Selection
) -> list[Signature | None] | None:
    """Return the signatures of the outcomes, or None if some have to be read.

    A signature that was just made is known completely. It is read again only where more than its
    own fields is selected, or where an earlier call made it.
    """
    if needs_loading(Signature, selection):
        return None
    signed = [outcome.signed for outcome in outcomes if isinstance(outcome, Made)]
    if None in signed:
        return None
    return [
        Signature.of(outcome.signed) if isinstance(outcome, Made) and outcome.signed else None
        for outcome in outcomes
    ]


def _stored_signatures(cache: EntityCache, outcomes: Sequence[Outcome]) -> list[Signature | None]:
    ids = {outcome.signature_id for outcome in outcomes if isinstance(outcome, Made)}
    rows = signatures_query.by_ids(cache.reading, ids) if ids else {}
    signatures = {id_: Signature.of(row) for id_, row in rows.items()}
    return [signatures.get(o.signature_id) if isinstance(o, Made) else None for o in outcomes]
