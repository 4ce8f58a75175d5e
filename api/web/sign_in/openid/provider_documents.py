"""Reads from an OpenID provider's metadata what a sign-in needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.openid.documents import IssuerMetadata, endpoint_of, read_issuer_metadata, texts_of
from api.openid.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Metadata(IssuerMetadata):
    """The members of the provider's metadata that are used here (OpenID Connect Discovery)."""

    authorization_endpoint: str
    token_endpoint: str
    #: How clients may authenticate at the token endpoint; empty where nothing is said.
    auth_methods: frozenset[str]
    #: Whether every authorization response names the issuer (RFC 9207).
    names_issuer: bool
    #: Where browsers sign out (OpenID Connect RP-Initiated Logout); None where there is no such.
    end_session_endpoint: str | None


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
        end_session_endpoint=_optional_endpoint(document, "end_session_endpoint"),
    )


def _optional_endpoint(document: dict[str, Any], name: str) -> str | None:
    """Return an address that metadata name; None where it is missing or not to be trusted."""
    try:
        return endpoint_of(document, name)
    except ProviderError:
        return None
