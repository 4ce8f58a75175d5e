"""Documents are read once, and what is remembered has a bound."""

import pytest
from graphql import GraphQLError

from api.graphql.documents import Documents, InvalidDocumentError
from api.graphql.limits.config import Limits
from api.graphql.schema import schema

LIMITS = Limits()


def documents(remembered: int) -> Documents:
    return Documents(schema._schema, remembered)


def test_the_same_text_is_parsed_and_validated_once() -> None:
    known = documents(100)

    assert known.read("{ __typename }", LIMITS) is known.read("{ __typename }", LIMITS)
    assert known.read("{__typename}", LIMITS) is not known.read("{ __typename }", LIMITS)


def test_the_longest_unused_go_when_there_is_no_room() -> None:
    known = documents(30)
    texts = [f"{{ a{n}: __typename }}" for n in range(3)]
    first = known.read(texts[0], LIMITS)
    known.read(texts[1], LIMITS)
    assert known.read(texts[0], LIMITS) is not first


def test_what_is_within_other_limits_is_read_anew() -> None:
    known = documents(100)
    known.read("{ viewer { user { id } } }", LIMITS)
    with pytest.raises(GraphQLError, match="3 were asked for, 2 are allowed"):
        known.read("{ viewer { user { id } } }", Limits(depth=2))


def test_what_is_not_valid_is_not_remembered() -> None:
    known = documents(100)
    for _ in range(2):
        with pytest.raises(InvalidDocumentError) as invalid:
            known.read("{ nothing }", LIMITS)
        assert [error.message for error in invalid.value.errors] == [
            "Cannot query field 'nothing' on type 'Query'."
        ]
