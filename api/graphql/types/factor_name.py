"""The names of signing factors as a GraphQL enum, made from the rules."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from api.graphql.types.enum_descriptions import describe_enum
from engine.model.signing_factors import RULES

if TYPE_CHECKING:

    class FactorName(StrEnum):
        """The name of a signing factor, whose members are made from the rules."""

else:
    FactorName = StrEnum("FactorName", {rule.name.upper(): rule.name for rule in RULES})

describe_enum(
    FactorName,
    "FactorName",
    "The condition of a signature that a factor is the result of.",
    {
        "ACCOUNT_NOT_FROZEN": "The kill switch of the account is off.",
        "SIGNER_MAY_SIGN": "The user is active and has the permission to sign.",
        "KEYPAIR_ENABLED": "The keypair has not been disabled.",
        "KEYPAIR_OPEN_OR_MAPPED": "The keypair is open, or the user is assigned to it.",
        "TEAM_HAS_KEYPAIR": "A team of the user was granted the keypair, if teams are enabled.",
        "RELEASE_WINDOW_OPEN": "The window of the release that holds the keypair is open.",
        "IS_PARTICIPANT": "The user takes part in the release that holds the keypair.",
        "SIGNATURE_LEFT": "The release has not used all of its signatures.",
        "ORIGIN": "The request comes from an origin that the release allows.",
        "CREDENTIAL_COVERS_KEYPAIR": "The token that was used is not limited to other keypairs.",
    },
)

_BY_NAME = {member.value: member for member in FactorName}


def condition_of(name: str) -> FactorName | None:
    """Return the enum's member of a stored name; None for one that a newer version has written."""
    return _BY_NAME.get(name)
