"""Fetches and caches the metadata and keys that an OpenID provider publishes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from api.config.safe_urls import is_safe
from api.openid.answers import fetch_document
from api.openid.errors import ProviderError, or_nothing
from api.openid.keys import SigningKey, read_keys

#: Signatures that only the provider can make: none with the client's secret, and not `none`.
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
    | {"ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
#: Seconds that the documents are used without a look at the provider.
FRESH_SECONDS = 3600.0
#: Seconds between two fetches that were caused by a failure.
RENEWAL_SECONDS = 30.0
#: Seconds for which a failed fetch is answered to everybody else who waits for it.
FAILURE_SECONDS = 2.0
#: Returns the JSON object at an address; the second text is what the log calls it.
Fetch = Callable[[str, str], Awaitable[dict[str, Any]]]
_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """The members of an issuer's metadata that verifying its tokens needs (OpenID Discovery)."""

    #: Spelled as the issuer spells it; every other mention of it has to be the same text.
    issuer: str
    jwks_uri: str
    #: Those of `ALGORITHMS` that ID tokens may be signed with.
    algorithms: frozenset[str]


MetadataT = TypeVar("MetadataT", bound=IssuerMetadata, covariant=True)


@dataclass(frozen=True, slots=True)
class Documents(Generic[MetadataT]):
    """Metadata and keys that were fetched together."""

    metadata: MetadataT
    keys: tuple[SigningKey, ...]
    #: How many published keys are of no use here.
    ignored_keys: int


def read_issuer_metadata(
    document: dict[str, Any], issuer: str, *, is_safe: Callable[[str], bool] = is_safe
) -> IssuerMetadata:
    """Return the metadata of an issuer; members that are not used are not checked.

    The issuer has to be the configured text, except that either of them may end with one slash
    more: the address of the metadata is the same for both spellings. A template such as
    `https://login.microsoftonline.com/{tenantid}/v2.0` stands for many issuers and is refused.

    Raises:
        ProviderError: They are of another issuer, or name no key set.
    """
    named = document.get("issuer")
    if not isinstance(named, str) or named.removesuffix("/") != issuer.removesuffix("/"):
        raise ProviderError(
            "The provider's metadata name another issuer than the configured one.",
            {"member": "issuer", "expected": issuer, "received": or_nothing(named)},
        )
    signing = texts_of(document.get("id_token_signing_alg_values_supported"))
    return IssuerMetadata(
        issuer=named,
        jwks_uri=endpoint_of(document, "jwks_uri", is_safe=is_safe),
        algorithms=ALGORITHMS & signing if signing else ALGORITHMS,
    )


class DocumentCache(Generic[MetadataT]):
    """Caches the documents of one issuer, and fetches them again after a failure.

    Args:
        issuer: The configured issuer.
        read: Returns its metadata from the document that it publishes.
        fetch: Returns a JSON object from an address.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        issuer: str,
        read: Callable[[dict[str, Any], str], MetadataT],
        fetch: Fetch = fetch_document,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._read = read
        self._fetch_document = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._documents: Documents[MetadataT] | None = None
        self._failure: ProviderError | None = None
        self._fetched_at = self._failed_at = self._renewed_at = float("-inf")

    async def current(self) -> Documents[MetadataT]:
        """Return the documents, at most `FRESH_SECONDS` old.

        Raises:
            ProviderError: They could not be fetched or are not usable.
        """
        async with self._lock:
            documents, now = self._documents, self._clock()
            if documents is not None and now - self._fetched_at < FRESH_SECONDS:
                return documents
            if self._failure is not None and now - self._failed_at < FAILURE_SECONDS:
                raise self._failure.with_traceback(None)
            try:
                return await self._fetch()
            except ProviderError as error:
                self._failure, self._failed_at = error, self._clock()
                raise

    async def newer_than(self, used: Documents[Any]) -> Documents[MetadataT] | None:
        """Return documents that were fetched after those that led to a failure.

        Returns:
            None where they cannot be had, or were fetched for this reason a moment ago.
        """
        async with self._lock:
            if self._documents is not None and self._documents is not used:
                return self._documents
            if self._clock() - self._renewed_at < RENEWAL_SECONDS:
                return None
            self._renewed_at = self._clock()
            try:
                return await self._fetch()
            except ProviderError:
                return None  # the failure that caused this says more

    async def _fetch(self) -> Documents[MetadataT]:
        url = self._issuer.removesuffix("/") + _WELL_KNOWN
        document = await self._fetch_document(url, "The provider's metadata document")
        metadata = self._read(document, self._issuer)
        published = await self._fetch_document(metadata.jwks_uri, "The provider's key set")
        keys, ignored = read_keys(published)
        self._documents = Documents(metadata, keys, ignored)
        self._fetched_at, self._failure = self._clock(), None
        return self._documents


def endpoint_of(
    document: dict[str, Any], name: str, *, is_safe: Callable[[str], bool] = is_safe
) -> str:
    """Return an address that metadata name.

    Raises:
        ProviderError: There is none, or none that is reached over https.
    """
    url = document.get(name)
    if not isinstance(url, str) or not (url.isascii() and url.isprintable() and is_safe(url)):
        raise ProviderError(
            "The provider's metadata lack an endpoint that is reached over https.",
            {
                "member": name,
                "expected": "an address that begins with https://",
                "received": or_nothing(url),
            },
        )
    return url


def texts_of(value: object) -> frozenset[str]:
    """Return the texts of a list; nothing for any other value."""
    values = value if isinstance(value, list) else []
    return frozenset(item for item in values if isinstance(item, str))
