"""The routes of all downloads."""

from __future__ import annotations

from starlette.routing import BaseRoute

from api.downloads.access import Access
from api.downloads.certificates import certificate_routes
from api.downloads.ledger import ledger_routes
from api.downloads.manifests import manifest_routes
from api.downloads.public_keys import public_key_routes
from api.graphql.limits.config import Limits
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import TokenBuckets


def download_routes(runtime: Runtime, limits: Limits) -> list[BaseRoute]:
    """Return the routes, which share the rates of their callers."""
    access = Access(runtime, TokenBuckets(limits.rate, limits.burst))
    return [
        *manifest_routes(access),
        *public_key_routes(access),
        *certificate_routes(access),
        *ledger_routes(access),
    ]
