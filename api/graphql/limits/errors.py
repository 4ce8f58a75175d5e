"""The errors of operations that are beyond a limit."""

from __future__ import annotations

from graphql import GraphQLError

#: The `extensions.code` of all limits but the rate and the time, which have their own.
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
RATE_LIMITED = "RATE_LIMITED"
TIMED_OUT = "TIMED_OUT"
INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
#: The largest integer that every reader of JSON reads exactly.
MAX_SAFE_INTEGER = 2**53 - 1


def exceeded(
    limit: str, allowed: int, actual: int, what: str, *, or_more: bool = False
) -> GraphQLError:
    """Return an error that names the limit, what it allows and what the operation has.

    Args:
        limit: The limit's name, for programs.
        allowed: The largest number that the limit allows.
        actual: The number that the operation has.
        what: What is too large, for people.
        or_more: Whether counting ended before the end.
    """
    if actual > MAX_SAFE_INTEGER:
        actual, or_more = MAX_SAFE_INTEGER, True
    count = f"{actual} or more" if or_more else str(actual)
    return GraphQLError(
        f"{what}: {count} were asked for, {allowed} are allowed.",
        extensions={"code": LIMIT_EXCEEDED, "limit": limit, "allowed": allowed, "actual": actual},
    )


def too_often(rate: float, burst: int, actual: int, seconds: float) -> GraphQLError:
    """Return an error that says when the caller can try again.

    Args:
        rate: The operations that a caller may run in a second.
        burst: The operations that a caller may run at once.
        actual: The operations of the caller's present burst, with this one.
        seconds: The time to wait.
    """
    return GraphQLError(
        f"Too many operations: {actual} were asked for, {burst} at once and {rate:g} a second are"
        f" allowed. Try again in {seconds:.1f} s.",
        extensions={
            "code": RATE_LIMITED,
            "limit": "rate",
            "allowed": rate,
            "burst": burst,
            "actual": actual,
            "retryAfter": round(seconds, 3),
        },
    )


def too_slow(seconds: float) -> GraphQLError:
    """Return an error of an operation that was abandoned; its changes may still be made."""
    return GraphQLError(
        f"The operation took more than {seconds:g} s. If it changes something, look before you"
        " try again: it may have been carried out.",
        extensions={"code": TIMED_OUT, "limit": "seconds", "allowed": seconds},
    )
