"""Offers to sign out at the provider as well, where it has signed this browser in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.requests import Request

from api.openid.errors import ProviderError
from api.web.http.browser import Browser
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.provider_sign_ins import ProviderSignIns

log = structlog.get_logger("countersign.openid")


@dataclass(frozen=True, slots=True)
class SignOutAtProvider:
    """What a page needs to lead to a provider."""

    #: What the page calls the provider.
    label: str
    url: str


class ProviderSignOut:
    """Knows where a browser can sign out at the provider of its last sign-in."""

    def __init__(self, browser: Browser, secret: str, providers: Mapping[str, OpenId]) -> None:
        self._sign_ins = ProviderSignIns(browser, secret)
        self._providers = providers

    async def find(self, request: Request) -> SignOutAtProvider | None:
        """Return where to sign out; None after a sign-in by mail, or where nothing is offered."""
        sign_in = self._sign_ins.find(request)
        openid = self._providers.get(sign_in.provider) if sign_in is not None else None
        if sign_in is None or openid is None:
            return None
        try:
            url = await openid.provider.sign_out_url(sign_in.id_token)
        except ProviderError as error:
            # Whoever signs out here is signed out here, whether the provider answers or not.
            log.warning("openid_sign_out_unknown", provider=openid.label, why=error.why)
            return None
        return None if url is None else SignOutAtProvider(openid.label, url)
