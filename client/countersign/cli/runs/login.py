"""What `countersign login` and `logout` do: the device flow (RFC 8628)."""

from __future__ import annotations

import os
import platform
import sys
import time
import webbrowser
from collections.abc import Mapping
from typing import Any

from countersign.connection import oauth
from countersign.connection.credentials import Credentials
from countersign.connection.graphql import Connection
from countersign.connection.settings import (
    DEFAULT_PROFILE,
    checked_url,
    load_settings,
    read_profiles,
    write_profile,
)
from countersign.connection.stored_logins import forget_login, store_login, stored_login
from countersign.errors import ClientError, NotSignedInError, TransientError
from countersign.operations.tokens import OWN_SESSIONS, REVOKE_SESSION
from countersign.operations.viewer import VIEWER
from countersign.terminal import note

#: By how many seconds the pause between two requests grows when the server asks for that.
_SLOW_DOWN_SECONDS = 5


def sign_in(server: str | None, profile: str | None, *, opens_browser: bool) -> None:
    """Get a session for this command line, and keep its secret.

    Raises:
        NotSignedInError: The code was denied or has expired.
    """
    if server is not None:
        server = checked_url(server, os.environ)
        name = profile or read_profiles(os.environ).get("default", DEFAULT_PROFILE)
    else:
        settings = load_settings(os.environ, profile=profile)
        server, name = settings.server, settings.profile
    secret = _run_device_flow(server, opens_browser=opens_browser)
    if name is not None:
        write_profile(os.environ, name, server)
    place = store_login(os.environ, server, secret)
    user = _viewer(server, secret)["user"]
    note(f"Signed in to {server} as {user['name']} <{user['email']}>. The session is in {place}.")


def _run_device_flow(server: str, *, opens_browser: bool) -> str:
    form = {
        "client_id": oauth.CLIENT_ID,
        "device_name": f"countersign on {platform.node()}"[:100],
    }
    codes = oauth.post_form(server, oauth.DEVICE_PATH, form)
    note(f"Open {codes['verification_uri']} and confirm the code {codes['user_code']}.")
    if opens_browser and sys.stderr.isatty():
        webbrowser.open(checked_url(codes["verification_uri_complete"], os.environ))
    return _poll(server, codes)


def _poll(server: str, codes: Mapping[str, Any]) -> str:
    """Ask until the code is confirmed."""
    form = {
        "grant_type": oauth.DEVICE_GRANT,
        "client_id": oauth.CLIENT_ID,
        "device_code": str(codes["device_code"]),
    }
    interval_seconds = float(codes.get("interval", _SLOW_DOWN_SECONDS))
    while True:
        time.sleep(interval_seconds)
        try:
            return str(oauth.post_form(server, oauth.TOKEN_PATH, form)["access_token"])
        except oauth.OAuthRefusedError as error:
            if error.error == "slow_down":
                interval_seconds += _SLOW_DOWN_SECONDS
            elif error.error != "authorization_pending":
                raise
        except TransientError:
            interval_seconds = min(2 * interval_seconds, 60.0)


def _viewer(server: str, secret: str) -> dict[str, Any]:
    with _connection(server, secret) as connection:
        return dict(connection.run(VIEWER)["viewer"])


def _connection(server: str, secret: str) -> Connection:
    settings = load_settings({}, server=server)
    return Connection(server, Credentials({"COUNTERSIGN_TOKEN": secret}, settings))


def sign_out() -> None:
    """End the session, and forget its secret even if the server cannot be reached."""
    server = load_settings(os.environ).server
    secret = stored_login(os.environ, server)
    if secret is None:
        raise NotSignedInError(f"Nobody has signed in to {server} with `countersign login`.")
    try:
        with _connection(server, secret) as connection:
            sessions = connection.run(OWN_SESSIONS)["viewer"]["user"]["sessions"]
            for session in sessions:
                if session["current"]:
                    connection.change(REVOKE_SESSION, {"id": session["id"]})
        note(f"Signed out of {server}.")
    except NotSignedInError:
        note("The session had ended already.")
    except ClientError as error:
        note(f"The session is forgotten here, but may go on at the server: {error.message}")
    finally:
        forget_login(os.environ, server)
