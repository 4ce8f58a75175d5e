"""What callers are told names things as they know them, and nothing that they may not know."""

from uuid import UUID, uuid4

import pytest

from api.graphql.documents import Documents, InvalidDocumentError
from api.graphql.errors import UserError, to_graphql_error
from api.graphql.ids import from_global, to_global
from api.graphql.limits.config import Limits
from api.graphql.queries.nodes import NODE_READERS
from api.graphql.schema import schema
from engine.model.errors import Code, FieldsLocked, Refusal


def refused(id_: str, kind: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        from_global(id_, kind)
    return caught.value


def test_an_id_of_another_kind_is_called_what_it_is_whether_or_not_it_exists() -> None:
    refusal = refused(to_global("Keypair", uuid4()), "Team")
    assert (refusal.code, refusal.field) == (Code.NOT_FOUND, ("id",))
    assert refusal.message == "This is the id of a keypair, not of a team."


@pytest.mark.parametrize("id_", ["", "x", "é", to_global("<script>", UUID(int=1))])
def test_what_is_no_id_of_ours_is_not_repeated(id_: str) -> None:
    refusal = refused(id_, "ApiToken")
    assert refusal.message == "There is no such token. Check the id."


def test_every_type_with_an_id_has_a_name_for_people() -> None:
    for kind in NODE_READERS:
        other = "User" if kind != "User" else "Team"
        assert "This is the id of a" in refused(to_global(kind, uuid4()), other).message


def test_a_sentence_names_fields_as_the_schema_does() -> None:
    refusal = FieldsLocked("The release is completed", ["max_signatures", "name"])
    assert refusal.message == (
        "The release is completed, so you cannot change: max_signatures, name."
    )
    expected = "The release is completed, so you cannot change: maxSignatures, name."
    assert UserError.of(refusal).message == to_graphql_error(refusal).message == expected
    assert UserError.of(refusal).field == ["maxSignatures", "name"]


def test_what_a_person_wrote_in_a_sentence_is_never_respelled() -> None:
    message = "Another release is called starts_at."
    refusal = Refusal(Code.NAME_TAKEN, message, "starts_at")
    assert UserError.of(refusal).message == to_graphql_error(refusal).message == message
    assert UserError.of(refusal).field == ["startsAt"]


@pytest.mark.parametrize(
    ("text", "nearly"),
    [
        ("{ viewr { user { id } } }", "viewer"),
        ('mutation { createTeam(input: {nam: "x", memberIds: []}) { team { id } } }', "name"),
        ("{ releases(filter: {type: [OFLINE]}) { edges { cursor } } }", "OFFLINE"),
    ],
)
def test_a_typing_error_is_helped_with_where_the_schema_may_be_asked_for(
    text: str, nearly: str
) -> None:
    def message(*, introspection: bool) -> str:
        with pytest.raises(InvalidDocumentError) as caught:
            Documents(schema._schema).read(text, Limits(introspection=introspection))
        return " ".join(error.message for error in caught.value.errors)

    helped = message(introspection=True)
    assert "Did you mean" in helped
    assert nearly in helped
    assert "Found" not in helped
    assert "Did you mean" not in message(introspection=False)


def test_a_field_that_is_missing_is_named_and_the_input_not_repeated() -> None:
    text = "mutation ($i: CreateTeamInput!) { createTeam(input: $i) { team { id } } }"
    answer = schema.execute_sync(text, variable_values={"i": {"memberIds": ["mine"]}})
    (error,) = answer.errors or ()
    assert error.message.endswith("to include required field 'name'.")
