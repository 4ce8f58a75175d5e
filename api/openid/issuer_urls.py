"""Where keys of issuers may be fetched from: the rules of webhooks, in words of their own."""

from __future__ import annotations

from engine.model.errors import Code, Refusal
from notifications.net.url_rules import ISSUERS, url_fault


def check_issuer_url(url: str, *, allow_private: bool) -> Refusal | None:
    """Return the refusal of an address that an issuer cannot have; None if nothing is wrong."""
    fault = issuer_url_fault(url, allow_private=allow_private)
    return Refusal(Code.INVALID_INPUT, fault, "url") if fault is not None else None


def issuer_url_fault(url: str, *, allow_private: bool) -> str | None:
    """Return what is wrong with an address that an issuer names; None if nothing is."""
    return url_fault(url, allow_private=allow_private, use=ISSUERS)
