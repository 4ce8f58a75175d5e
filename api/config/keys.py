"""The keys that are derived from the secret key, each for one purpose."""

from __future__ import annotations

from api.config.settings import Settings
from notifications.links.keys import ACTION_LINKS, derive
from notifications.links.sign_in_links import PURPOSE as SIGN_IN_LINKS

#: The purpose of the key that printed heads of the ledger are sealed with.
LEDGER_HEADS = "ledger-heads"


def link_key(settings: Settings) -> bytes:
    """Return the key that action links are derived from."""
    return derive(settings.secret_key.get_secret_value(), ACTION_LINKS)


def sign_in_key(settings: Settings) -> bytes:
    """Return the key that sign-in links and codes are derived from."""
    return derive(settings.secret_key.get_secret_value(), SIGN_IN_LINKS)


def ledger_key(settings: Settings) -> bytes:
    """Return the key that seals printed heads of the ledger."""
    return derive(settings.secret_key.get_secret_value(), LEDGER_HEADS)
