"""A provider that people may sign in with, as it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.model.text import name_key, normalize

if TYPE_CHECKING:
    from api.web.sign_in.openid.groups_claim import GroupRules
    from api.web.sign_in.openid.provider import Provider

#: Where the pages are, below the public URL.
PATH = "/sign-in/openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """How to sign in by OpenID Connect at one provider."""

    provider: Provider
    #: What the button calls it.
    label: str
    #: What settings call it, a part of its paths; empty for the one that they give no name.
    name: str = ""
    #: The one account it is for; all of them without.
    account: str | None = None
    #: Which roles and teams a person's groups there stand for; nothing without.
    groups: GroupRules | None = None

    @property
    def path(self) -> str:
        """Where its pages are, below the public URL."""
        return provider_path(self.name)

    def is_for(self, account: str) -> bool:
        """Return whether people of an account may sign in with it."""
        return self.account is None or name_key(normalize(self.account)) == name_key(account)


def provider_path(name: str) -> str:
    """Return where the pages of a provider are; each has a path of its own.

    So an answer of one provider is never taken for that of another (RFC 9700, section 4.4.2).
    """
    return f"{PATH}/{name}" if name else PATH
