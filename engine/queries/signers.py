"""The signers that keypairs can be in, for whoever manages keypairs."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.queries.context import QueryContext
from engine.signers.base import Signer


def configured_signers(context: QueryContext, signers: Mapping[str, Signer]) -> list[Signer]:
    """Return the signers sorted by name.

    Args:
        context: The query's context.
        signers: The signers of this process by name.

    Raises:
        Refusal: FORBIDDEN unless the viewer manages keypairs.
    """
    refusal = missing_permission(context.actor, Permission.MANAGE_KEYPAIRS)
    if refusal is not None:
        raise refusal
    return [signers[name] for name in sorted(signers)]
