"""The schema as a text: described throughout, committed, and true to its outline."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    EnumTypeDefinitionNode,
    GraphQLEnumType,
    GraphQLNamedType,
    InputObjectTypeDefinitionNode,
    Undefined,
    ast_from_value,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    print_ast,
)

from api.graphql.schema import schema
from notifications.vocabulary import MessageKind

HERE = Path(__file__).parent
COMMITTED = HERE.parents[2] / "api/graphql/schema.graphql"
OUTLINE = parse((HERE / "outline.graphql").read_text()).definitions
OURS = schema._schema


def types() -> Iterator[GraphQLNamedType]:
    for type_ in OURS.type_map.values():
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_):
            yield type_


def everything_named() -> Iterator[tuple[str, Any]]:
    for type_ in types():
        yield type_.name, type_
        for name, part in (getattr(type_, "fields", None) or {}).items():
            yield f"{type_.name}.{name}", part
            for argument, value in getattr(part, "args", {}).items():
                yield f"{type_.name}.{name}({argument})", value
        values = getattr(type_, "values", None)
        for name, value in values.items() if values else ():
            yield f"{type_.name}.{name}", value


def test_everything_is_described() -> None:
    descriptions = dict(everything_named())

    assert len(descriptions) > 500
    assert [name for name, part in descriptions.items() if not part.description] == []


def test_every_description_is_a_full_sentence() -> None:
    assert [name for name, part in everything_named() if not is_sentence(part.description)] == []


def is_sentence(text: str) -> bool:
    """It begins with a capital letter, ends with a full stop and has at least four words."""
    return text[0].isupper() and text.endswith(".") and len(text.split()) >= 4


def test_a_stored_value_can_have_another_name_in_the_schema() -> None:
    kind = OURS.type_map["MessageKind"]
    assert isinstance(kind, GraphQLEnumType)
    names = {MessageKind.LEFT: "REMOVED", MessageKind.ADMINISTERED: "ACCOUNT_CHANGED"}
    assert {member: kind.coerce_output_value(member) for member in names} == names
    assert {kind.coerce_input_value(name): name for name in names.values()} == names


def test_the_committed_text_is_the_schema() -> None:
    assert COMMITTED.read_text() == schema.as_str() + "\n", (
        "run `countersign schema > api/graphql/schema.graphql`"
    )


@pytest.mark.parametrize("node", OUTLINE, ids=lambda node: node.name.value)
def test_the_outline_holds(node: Any) -> None:
    ours: Any = OURS.type_map[node.name.value]

    if isinstance(node, EnumTypeDefinitionNode):
        assert list(ours.values) == [value.name.value for value in node.values]
        return
    assert [type_.name for type_ in getattr(ours, "interfaces", ())] == [
        type_.name.value for type_ in getattr(node, "interfaces", None) or ()
    ]
    for field in getattr(node, "fields", None) or ():
        _compare(ours.fields[field.name.value], field)
        for argument in getattr(field, "arguments", None) or ():
            _compare(ours.fields[field.name.value].args[argument.name.value], argument)
        if isinstance(node, InputObjectTypeDefinitionNode):
            _compare_default(ours.fields[field.name.value], field)


def _compare(ours: Any, introspected: Any) -> None:
    assert str(ours.type) == print_ast(introspected.type), introspected.name.value


def _compare_default(ours: Any, introspected: Any) -> None:
    expected = (
        print_ast(introspected.default_value) if introspected.default_value is not None else None
    )
    value = ours.default_value
    has = None if value is Undefined else ast_from_value(value, ours.type)
    assert (print_ast(has) if has is not None else None) == expected, introspected.name.value


def test_every_mutation_takes_one_input_and_answers_a_payload() -> None:
    mutation: Any = OURS.mutation_type
    for name, field in mutation.fields.items():
        capital = name[0].upper() + name[1:]
        assert {n: str(a.type) for n, a in field.args.items()} == {"input": f"{capital}Input!"}
        assert str(field.type) == f"{capital}Payload!"
        payload = field.type.of_type
        assert str(payload.fields["errors"].type) == "[UserError!]!"
        assert all(
            not str(part.type).endswith("!") or str(part.type).startswith("[")
            for part in payload.fields.values()
        ), f"{capital}Payload: a refusal leaves the rest empty"
