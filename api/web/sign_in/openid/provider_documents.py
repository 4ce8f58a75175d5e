"""Reads from an OpenID provider's metadata what a sign-in needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.openid.documents import IssuerMetadata, endpoint_of, read_issuer_metadata, texts_of


@dataclass(frozen=True, slots=True)
class Metadata(IssuerMetadata):
    """The members of the provider's metadata that are used here (OpenID Connect Discovery)."""

    authorization_endpoint: str
    token_endpoint: str
    #: How clients may authenticate at the token endpoint; empty where nothing is said.
    auth_methods: frozenset[str]
    #: Whether every authorization response names the issuer (RFC 9207).
    names_issuer: bool


def read_metadata(document: dict[str, Any], issuer: str) -> Metadata:
    """Return the metadata of a provider.

    Raises:
        ProviderError: They are of another issuer, or lack what a sign-in needs.
    """
    general = read_issuer_metadata(document, issuer)
    return Metadata(
        issuer=general.issuer,
        jwks_uri=general.jwks_uri,
        algorithms=general.algorithms,
        authorization_endpoint=endpoint_of(document, "authorization_endpoint"),
        token_endpoint=endpoint_of(document, "token_endpoint"),
        auth_methods=texts_of(document.get("token_endpoint_auth_methods_supported")),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )
