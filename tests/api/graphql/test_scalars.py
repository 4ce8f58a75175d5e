"""Base64 as tools write it, instants as RFC 3339 has them, and nothing else."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from graphql import GraphQLError

from api.graphql.scalars import parse_base64, parse_instant

DIGEST = bytes(range(64))


@pytest.mark.parametrize("wrap", ["\n", "\r\n", " ", "\t"])
def test_base64_may_be_wrapped(wrap: str) -> None:
    text = b64encode(DIGEST).decode()
    wrapped = text[:76] + wrap + text[76:] + wrap
    assert parse_base64(wrapped) == DIGEST
    assert parse_base64(wrap + text) == DIGEST


@pytest.mark.parametrize(
    "text", ["AAA", "AA-_", "AA=A", "AAA=AAA=", "A\u00a0AAA", "A\u2028AAA", "AA\x00AA", "é"]
)
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError, match="This is not base64"):
        parse_base64(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2030-06-03T12:00:00Z", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03t12:00:00z", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03 12:00Z", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03T14:00:00+02:00", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03T14:00:00+0200", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03T09:30:00-02:30", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03T14:00:00+02", datetime(2030, 6, 3, 12, tzinfo=UTC)),
        ("2030-06-03T12:00:00.5Z", datetime(2030, 6, 3, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2030-06-03T12:00:00,123456789Z", datetime(2030, 6, 3, 12, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_has_a_date_a_time_and_an_offset(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        # What the standard library reads in some of its versions, or in all.
        "20300603T120000Z",
        "2030-W23-1T12:00:00Z",
        "2030-06-03x12:00:00Z",
        "2030-06-03T12Z",
        "2030-06-03T24:00:00Z",
        "2030-06-03T12:00:00+02:00:30",
        "2030-06-03T12:00:00.Z",
        # What there is not.
        "2030-02-29T12:00:00Z",
        "2030-06-03T12:60:00Z",
        "2030-06-03T12:00:60Z",
        "2030-06-03T12:00:00+24:00",
        "2030-06-03T12:00:00+02:60",
        "0000-06-03T12:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "\u0662030-06-03T12:00:00Z",
        " 2030-06-03T12:00:00Z",
        "2030-06-03",
        "",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError, match=r"is no instant\. Write 2030-06-03T12:00:00Z"):
        parse_instant(text)


def test_an_instant_without_an_offset_is_told_so() -> None:
    with pytest.raises(GraphQLError, match=r"has no offset\. Append Z for UTC"):
        parse_instant("2030-06-03T12:00:00")
    with pytest.raises(GraphQLError, match="An instant is text"):
        parse_instant(1_906_000_000)
