"""A refused field at the root of a query is null alone: the others are answered."""

from __future__ import annotations

import json

import pytest
from graphql import is_non_null_type

from api.graphql.schema import schema
from tests.support.api import Api


def test_only_the_viewer_takes_everything_with_it() -> None:
    query = schema.core.query_type
    assert query is not None
    always = {name for name, field in query.fields.items() if is_non_null_type(field.type)}
    assert always == {"viewer"}


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        ("ledger(first: 1) { totalCount }", "FORBIDDEN"),
        ("releases(first: 100000) { totalCount }", "INVALID_INPUT"),
        ('releases(after: "x") { totalCount }', "INVALID_INPUT"),
        ('explainSign(input: { keypairId: "x" }) { allowed }', "NOT_FOUND"),
        ("release { id }", "INVALID_INPUT"),
        (f"nodes(ids: {json.dumps(['x'] * 101)}) {{ id }}", "INVALID_INPUT"),
    ],
)
def test_the_rest_of_the_page_is_answered(small_api: Api, refused: str, code: str) -> None:
    query = f"{{ viewer {{ user {{ name }} }} refused: {refused} keypairs {{ totalCount }} }}"
    answer = small_api.post("dev", query)
    assert answer["data"]["refused"] is None
    assert answer["data"]["viewer"]["user"]["name"] == "Dev"
    assert answer["data"]["keypairs"]["totalCount"] > 0
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["refused"], code)


def test_a_refused_field_that_is_the_only_one_is_null_too(small_api: Api) -> None:
    answer = small_api.post("dev", "{ ledger(first: 1) { totalCount } }")
    assert answer["data"] == {"ledger": None}
    assert [error["path"] for error in answer["errors"]] == [["ledger"]]
