"""The routes of OAuth 2.0."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

from api.web.oauth.device_flow import PATH as DEVICE_PATH
from api.web.oauth.device_flow import DeviceFlow
from api.web.oauth.token_endpoint import PATH, Grant, TokenEndpoint


def oauth_routes(grants: Mapping[str, Grant], devices: DeviceFlow) -> list[BaseRoute]:
    """Return the routes of the token endpoint, and of the device flow beside it.

    Args:
        grants: By its `grant_type`, what issues a token.
        devices: What gives a device its codes.
    """
    return [
        Route(PATH, TokenEndpoint(grants).answer, methods=["POST"]),
        Route(DEVICE_PATH, devices.answer, methods=["POST"]),
    ]
