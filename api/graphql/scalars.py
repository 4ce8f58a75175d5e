"""The scalars beyond GraphQL's own."""

import binascii
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from engine.persistence.db.canonical_json import instant_text

Base64 = NewType("Base64", bytes)

#: ASCII white space, with which tools such as `base64` and `openssl` wrap what they encode.
_WITHOUT_WHITE_SPACE = str.maketrans("", "", " \t\n\r\f\v")


def parse_instant(value: Any) -> datetime:
    """ISO 8601 with an offset; anything else is a validation error."""
    if not isinstance(value, str) or len(value) > 40:
        raise GraphQLError("An instant is text like 2030-06-03T12:00:00Z.")
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise GraphQLError(f"{value} has no offset. Append Z for UTC.")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise GraphQLError(f"{value!r} is no instant. Write 2030-06-03T12:00:00Z.") from error


def parse_base64(value: Any) -> bytes:
    """Standard base64 with padding, wrapped or not; anything else is a validation error."""
    if not isinstance(value, str):
        raise GraphQLError("Base64 is text.")
    try:
        return b64decode(value.translate(_WITHOUT_WHITE_SPACE).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise GraphQLError("This is not base64. Encode the raw bytes, with padding.") from error


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in ISO 8601: with an offset on input, and always in UTC on output.",
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
}
