"""Base64 as tools write it, and nothing that is not base64."""

from base64 import b64encode

import pytest
from graphql import GraphQLError

from api.graphql.scalars import parse_base64

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
