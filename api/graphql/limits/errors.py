"""How a limit says no."""

from __future__ import annotations

from graphql import GraphQLError

#: The `extensions.code` of all limits but the rate and the time, which have their own.
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
RATE_LIMITED = "RATE_LIMITED"
TIMED_OUT = "TIMED_OUT"
INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
#: The largest integer that every reader of JSON takes for what it is.
LARGEST_TOLD = 2**53 - 1


def exceeded(
    limit: str, allowed: int, asked: int, what: str, *, or_more: bool = False
) -> GraphQLError:
    """A refusal that names the limit, what it allows and what was asked.

    `or_more`: it was not counted to the end.
    """
    if asked > LARGEST_TOLD:
        asked, or_more = LARGEST_TOLD, True
    told = f"{asked} or more" if or_more else str(asked)
    return GraphQLError(
        f"{what}: {told} were asked for, {allowed} are allowed.",
        extensions={"code": LIMIT_EXCEEDED, "limit": limit, "allowed": allowed, "asked": asked},
    )


def too_often(rate: float, burst: int, asked: int, seconds: float) -> GraphQLError:
    """Refused for now; says when to come back. `asked`: those of the last while, with this one."""
    return GraphQLError(
        f"Too many operations: {asked} were asked for, {burst} at once and {rate:g} a second are"
        f" allowed. Try again in {seconds:.1f} s.",
        extensions={
            "code": RATE_LIMITED,
            "limit": "rate",
            "allowed": rate,
            "burst": burst,
            "asked": asked,
            "retryAfter": round(seconds, 3),
        },
    )


def too_slow(seconds: float) -> GraphQLError:
    """Given up on; what it had begun to change may still be carried out."""
    return GraphQLError(
        f"The operation took more than {seconds:g} s. If it changes something, look before you"
        " try again: it may have been carried out.",
        extensions={"code": TIMED_OUT, "limit": "seconds", "allowed": seconds},
    )
