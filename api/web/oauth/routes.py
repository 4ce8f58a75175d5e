"""The routes of OAuth 2.0."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

from api.web.oauth.token_endpoint import PATH, Grant, TokenEndpoint


def oauth_routes(grants: Mapping[str, Grant]) -> list[BaseRoute]:
    """Return the routes of the token endpoint.

    Args:
        grants: By its `grant_type`, what issues a token.
    """
    return [Route(PATH, TokenEndpoint(grants).answer, methods=["POST"])]
