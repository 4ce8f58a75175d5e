"""The scalars beyond GraphQL's own."""

import binascii
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from engine.persistence.db.canonical_json import instant_text

Base64 = NewType("Base64", bytes)
BigInt = NewType("BigInt", int)

#: The largest whole number that JSON readers keep exactly (RFC 8259, section 6).
MAX_BIG_INT = 2**53 - 1

#: RFC 3339, section 5.6. Seconds may be left out, and so may what stands behind an offset's hours.
_INSTANT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>[Zz]|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?)?",
    re.ASCII,
)
#: ASCII white space, with which tools such as `base64` and `openssl` wrap what they encode.
_WITHOUT_WHITE_SPACE = str.maketrans("", "", " \t\n\r\f\v")


def parse_instant(value: Any) -> datetime:
    """RFC 3339, with or without seconds; anything else is a validation error.

    The forms are our own list: what the standard library reads differs between its versions.
    """
    if not isinstance(value, str) or len(value) > 40:
        raise GraphQLError("An instant is text like 2030-06-03T12:00:00Z.")
    parts = _INSTANT.fullmatch(value)
    if parts is None:
        raise GraphQLError(f"{value!r} is no instant. Write 2030-06-03T12:00:00Z.")
    if parts["offset"] is None:
        raise GraphQLError(f"{value} has no offset. Append Z for UTC.")
    try:
        return _instant_of(parts).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise GraphQLError(f"{value!r} is no instant. Write 2030-06-03T12:00:00Z.") from error


def _instant_of(parts: re.Match[str]) -> datetime:
    """ValueError for a day or a time that there is not."""
    numbers = [
        int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    ]
    microseconds = int((parts["fraction"] or "")[:6].ljust(6, "0"))
    offset = timedelta()
    if parts["hours"] is not None:
        hours, minutes = int(parts["hours"]), int(parts["minutes"] or 0)
        if hours > 23 or minutes > 59:
            raise ValueError("no such offset")
        offset = timedelta(hours=hours, minutes=minutes)
    zone = timezone(-offset if parts["sign"] == "-" else offset)
    return datetime(*numbers, microseconds, tzinfo=zone)  # type: ignore[misc, arg-type]


def parse_base64(value: Any) -> bytes:
    """Standard base64 with padding, wrapped or not; anything else is a validation error."""
    if not isinstance(value, str):
        raise GraphQLError("Base64 is text.")
    try:
        return b64decode(value.translate(_WITHOUT_WHITE_SPACE).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise GraphQLError("This is not base64. Encode the raw bytes, with padding.") from error


def parse_big_int(value: Any) -> int:
    """A whole number that JSON keeps exactly; anything else is a validation error."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_BIG_INT:
        raise GraphQLError(f"A BigInt is a whole number up to {MAX_BIG_INT}.")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant: on input a date, a time with or without seconds, and an offset"
        " or Z, as RFC 3339 defines; on output always in UTC.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=instant_text,
        parse_value=parse_instant,
    ),
    Base64: strawberry.scalar(
        name="Base64",
        description="Bytes in standard base64 (RFC 4648, with padding). White space and"
        " line breaks are ignored on input and never written on output.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc4648#section-4",
        serialize=lambda value: b64encode(value).decode("ascii"),
        parse_value=parse_base64,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number that may exceed 32 bits, such as the size of a file in bytes;"
        " its absolute value is at most 2^53 - 1, which every reader of JSON keeps exactly.",
        serialize=int,
        parse_value=parse_big_int,
    ),
}
