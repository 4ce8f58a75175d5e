"""Keys of the issuers that accounts trust, fetched by the rules of addresses that users name."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from uuid import UUID

from api.openid.answers import fetch_document
from api.openid.documents import DocumentCache, IssuerMetadata, read_issuer_metadata
from api.openid.errors import ProviderError
from api.openid.issuer_urls import issuer_url_fault
from api.openid.signed_token import SignedToken, verify_signature
from notifications.net.dns import on_behalf_of
from notifications.net.pinned_backend import PinnedBackend, PrivateAddressError
from notifications.net.pinned_transport import PinnedTransport

#: Issuers whose documents a process keeps; beyond that, the one not used for longest is dropped.
MAX_ISSUERS = 500


class IssuerUnavailableError(Exception):
    """The keys of an issuer cannot be had."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(error.why)
        self.error = error


class TrustedIssuers:
    """Verifies signatures by the published keys of any number of issuers.

    Documents are kept for each account apart, so that what one of them causes to be fetched makes
    no difference to another.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._backend = PinnedBackend(allow_private=allow_private)
        self._caches: OrderedDict[tuple[UUID, str], DocumentCache[IssuerMetadata]] = OrderedDict()

    async def verify(self, token: str, issuer: str, account_id: UUID) -> SignedToken:
        """Return header and claims of a token that this issuer has signed.

        Keys are fetched once more where the token's own is not among those that are known.

        Raises:
            IssuerUnavailableError: The keys cannot be had.
            ProviderError: The signature is not to be believed.
        """
        cache = self._cache(account_id, issuer)
        with on_behalf_of(account_id):
            try:
                documents = await cache.current()
            except ProviderError as error:
                raise IssuerUnavailableError(error) from error
            try:
                return verify_signature(token, documents)
            except ProviderError as error:
                newer = await cache.newer_than(documents) if error.may_be_outdated else None
                if newer is None:
                    raise
            return verify_signature(token, newer)

    def close(self) -> None:
        """End the look-ups of names; nothing can be fetched any more."""
        self._backend.close()

    def _cache(self, account_id: UUID, issuer: str) -> DocumentCache[IssuerMetadata]:
        key = account_id, issuer
        cache = self._caches.pop(key, None)
        if cache is None:
            cache = DocumentCache(issuer, self._read, self._fetch)
        self._caches[key] = cache
        while len(self._caches) > MAX_ISSUERS:
            self._caches.popitem(last=False)
        return cache

    def _read(self, document: dict[str, Any], issuer: str) -> IssuerMetadata:
        return read_issuer_metadata(document, issuer, is_safe=self._is_allowed)

    def _is_allowed(self, url: str) -> bool:
        return issuer_url_fault(url, allow_private=self._allow_private) is None

    async def _fetch(self, url: str, what: str) -> dict[str, Any]:
        if not self._is_allowed(url):
            raise ProviderError(f"{what} is at an address that is not allowed.", {"url": url})
        try:
            return await fetch_document(url, what, transport=PinnedTransport(self._backend))
        except ProviderError as error:
            if isinstance(error.__cause__, PrivateAddressError):
                why = f"{what} is at a private address, which the operator does not allow."
                raise ProviderError(why, {"url": url}) from error
            raise
