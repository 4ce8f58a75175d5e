"""Reads the groups of a person from the claims of a verified ID token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.openid.errors import ProviderError, or_nothing
from engine.model.group_rules import GroupRule

#: Where a provider says that a claim is too long for a token (OpenID Connect Core, section 5.6.2;
#: Microsoft Entra does so beyond 200 groups).
_LEFT_OUT = "_claim_names"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRules:
    """The rules of one provider, and the claim that names a person's groups."""

    claim: str
    rules: tuple[GroupRule, ...]


def groups_of(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Return the groups that a claim names; none where there is no such claim.

    Raises:
        ProviderError: The claim was left out of the token, or holds something else than texts.
    """
    left_out = claims.get(_LEFT_OUT)
    if isinstance(left_out, Mapping) and claim in left_out:
        message = "The provider leaves the groups out of its token, since there are too many."
        raise ProviderError(message, {"claim": claim, "expected": "a list of texts"})
    value = claims.get(claim)
    groups = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        message = "The ID token has a wrong claim."
        values = {"claim": claim, "expected": "a list of texts", "received": or_nothing(value)}
        raise ProviderError(message, values)
    return frozenset(groups)
