"""Requests to the endpoints of OAuth 2.0: `/oauth/token` and the device flow beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from countersign.connection.unexpected_answers import unexpected_answer
from countersign.connection.user_agent import user_agent
from countersign.connection.wire import unreachable
from countersign.errors import NotSignedInError, TransientError

#: The client that the server knows this program as (RFC 6749 section 2.2); it has no secret.
CLIENT_ID = "countersign"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
DEVICE_PATH = "/oauth/device_authorization"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a name
#: What an answer has that is the server's own (RFC 8628 section 3.2, RFC 6749 section 5.1).
_MEMBERS = {
    DEVICE_PATH: {"device_code", "user_code", "verification_uri", "verification_uri_complete"},
    TOKEN_PATH: {"access_token", "expires_in"},
}
TIMEOUT = httpx2.Timeout(30.0, connect=10.0)


class OAuthRefusedError(NotSignedInError):
    """An endpoint refused: nobody is signed in by this request.

    Args:
        error: The code of RFC 6749 or of the grant, such as `authorization_pending`.
        message: What is wrong and what to do.
        code: The server's own finer code, if it sent one.
    """

    def __init__(self, error: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.code = code or error.upper()


def post_form(server: str, path: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Send a form and return the members of the answer.

    Raises:
        OAuthRefusedError: The endpoint refused.
        ClientError: It cannot be reached, or is too busy.
    """
    try:
        response = httpx2.post(
            server + path,
            data=dict(form),
            headers={"User-Agent": user_agent()},
            timeout=TIMEOUT,
        )
    except httpx2.TransportError as error:
        raise unreachable(server, error) from error
    try:
        members = response.json()
    except (ValueError, RecursionError):
        members = None
    needed = _MEMBERS[path] if response.is_success else {"error"}
    if not isinstance(members, dict) or not needed <= members.keys():
        raise unexpected_answer(response)
    if response.is_success:
        return members
    error_code = str(members["error"])
    message = str(members.get("error_description", "The server refused without a reason."))
    if response.status_code in {429, 503}:
        raise TransientError(error_code.upper(), message, did_nothing=True)
    raise OAuthRefusedError(error_code, message, members.get("code"))
