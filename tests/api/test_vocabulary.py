"""What `vocabulary` calls the values of enums, and the enums of tags and factors."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLEnumType

from api.graphql.schema import schema
from api.graphql.types.vocabulary import ENUMS
from notifications.content.vocabulary import WORDS
from tests.support.api import Api

#: By the field of `Vocabulary`, the enum of the schema whose values it names.
NAMED = {
    "statuses": "ReleaseStatus",
    "types": "ReleaseType",
    "categories": "KeypairCategory",
    "releaseActions": "ReleaseAction",
    "subjectActions": "SubjectAction",
    "permissions": "Permission",
    "tags": "EventTag",
    "messageKinds": "MessageKind",
    "deliveryStates": "DeliveryState",
    "factors": "FactorName",
    "refusals": "ErrorCode",
}
QUERY = "query ($locale: String) {{ vocabulary(locale: $locale) {{ language {fields} }} }}".format(
    fields=" ".join(f"{name} {{ value text title }}" for name in NAMED)
)


def vocabulary(api: Api, **variables: str) -> dict[str, Any]:
    words: dict[str, Any] = api.ask("dev", QUERY, **variables)["vocabulary"]
    return words


def test_every_value_of_every_enum_has_its_words(api: Api) -> None:
    words = vocabulary(api, locale="en")
    assert words.pop("language") == "en"
    for name, terms in words.items():
        enum = schema._schema.type_map[NAMED[name]]
        assert isinstance(enum, GraphQLEnumType)
        assert [term["value"] for term in terms] == list(enum.values), name
        assert all(term["title"] for term in terms)


def test_no_words_are_left_over() -> None:
    assert {name: set(words) for name, words in WORDS.items()} == {
        name: {str(member) for member in enum} for name, enum in ENUMS.items()
    }


@pytest.mark.parametrize(
    ("locale", "language", "pending"),
    [
        ("en", "en", "Pending"),
        ("de", "de", "Ausstehend"),
        ("de-AT", "de", "Ausstehend"),
        ("fr-CA", "en", "Pending"),
        ("", "en", "Pending"),
    ],
)
def test_words_are_in_the_language_of_the_locale(
    api: Api, locale: str, language: str, pending: str
) -> None:
    words = vocabulary(api, locale=locale)
    assert words["language"] == language
    assert words["statuses"][0] == {"value": "PENDING", "text": "PENDING", "title": pending}


def test_without_a_locale_they_are_in_the_callers_own(api: Api) -> None:
    assert vocabulary(api) == vocabulary(api, locale="en")
    german = {"id": api.id("User", "dev"), "locale": "de-CH"}
    api.change("dev", "updateUser", german, "user { id }")
    assert vocabulary(api) == vocabulary(api, locale="de")


def test_a_value_with_another_name_in_the_schema_has_both(api: Api) -> None:
    [removed] = [term for term in vocabulary(api)["messageKinds"] if term["text"] == "LEFT"]
    assert removed["value"] == "REMOVED"


def test_entries_and_factors_name_their_kind_as_an_enum(api: Api) -> None:
    api.world.approved()
    query = "{ ledger(first: 100) { edges { node { tag event } } } }"
    words = {term["text"]: term["value"] for term in vocabulary(api)["tags"]}
    nodes = [edge["node"] for edge in api.ask("admin", query)["ledger"]["edges"]]
    assert {node["tag"] for node in nodes} >= {"account:created", "release:approved"}
    for node in nodes:
        assert node["event"] == words[node["tag"]] == node["tag"].replace(":", "_").upper()

    keypair = api.id("Keypair", "vault")
    query = (
        f'{{ explainSign(input: {{ keypairId: "{keypair}" }}) {{ factors {{ name condition }} }} }}'
    )
    factors = api.ask("dev", query)["explainSign"]["factors"]
    named = {term["text"]: term["value"] for term in vocabulary(api)["factors"]}
    assert {factor["name"]: factor["condition"] for factor in factors} == named
