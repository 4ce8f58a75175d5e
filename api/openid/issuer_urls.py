"""Where keys of issuers may be fetched from: the rules of webhooks, in words of their own."""

from __future__ import annotations

from notifications.net.url_rules import ISSUERS, require_url, url_fault


def require_issuer_url(url: str, *, allow_private: bool) -> None:
    """Refuse an address that an issuer cannot have.

    Raises:
        Refusal: With `INVALID_INPUT`, and what is wrong with the address.
    """
    require_url(url, allow_private=allow_private, use=ISSUERS)


def issuer_url_fault(url: str, *, allow_private: bool) -> str | None:
    """Return what is wrong with an address that an issuer names; None if nothing is."""
    return url_fault(url, allow_private=allow_private, use=ISSUERS)
