"""Opens the connection that the environment and the profile describe."""

from __future__ import annotations

import os

from countersign.connection.credentials import Credentials
from countersign.connection.graphql import AsyncConnection, Connection
from countersign.connection.settings import load_settings


def connect(*, server: str | None = None, profile: str | None = None) -> Connection:
    """Return a connection; the credential is looked up with the first operation.

    Raises:
        UsageError: No server is named anywhere.
    """
    settings = load_settings(os.environ, server=server, profile=profile)
    return Connection(settings.server, Credentials(os.environ, settings))


def connect_async(*, server: str | None = None, profile: str | None = None) -> AsyncConnection:
    """Return a connection for an event loop, as `connect` does."""
    settings = load_settings(os.environ, server=server, profile=profile)
    return AsyncConnection(settings.server, Credentials(os.environ, settings))
