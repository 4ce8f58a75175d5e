"""What clients are told of their limits before they meet them."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

from api.graphql.limits.config import Limits

#: What the policy is called in the headers.
_POLICY = "operations"


def rate_headers(limits: Limits, spent: float) -> dict[str, str]:
    """Return the headers about a caller's rate (draft-ietf-httpapi-ratelimit-headers-10).

    Args:
        limits: The limits; without one on the rate there are no headers.
        spent: The operations that the caller has run and that are not given back yet.
    """
    if not limits.rate:
        return {}
    quota, seconds = limits.burst, ceil(limits.burst / limits.rate)
    return {
        "RateLimit-Policy": f'"{_POLICY}";q={quota};w={seconds}',
        "RateLimit": f'"{_POLICY}";r={remaining(limits, spent)};t={ceil(spent / limits.rate)}',
    }


def remaining(limits: Limits, spent: float) -> int:
    """Return how many operations the caller may run at once now."""
    return max(0, floor(limits.burst - spent))


def is_cost_requested(extensions: Mapping[str, Any] | None) -> bool:
    """Tell whether a request's `extensions` ask for the cost of its operation."""
    return extensions is not None and extensions.get("cost") is True


def cost_report(objects: int | None, limits: Limits, spent: float) -> dict[str, Any]:
    """Return the cost of an operation for the `extensions` of its answer.

    Args:
        objects: The objects that it could answer, estimated before it ran; None: it was not read.
        limits: The limits.
        spent: The operations that the caller has run and that are not given back yet.
    """
    rate = {
        "perSecond": limits.rate,
        "burst": limits.burst,
        "remaining": remaining(limits, spent),
    }
    report: dict[str, Any] = {"objects": objects, "allowed": limits.cost}
    return report | {"rate": rate} if limits.rate else report
