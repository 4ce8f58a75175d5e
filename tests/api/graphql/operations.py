"""Operations made from the schema itself: so that a field added later is covered, too."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from api.graphql.ids import parse
from api.graphql.schema import schema
from tests.support.world import DIGEST

SCHEMA = schema._schema
QUERIES = sorted(SCHEMA.query_type.fields)  # type: ignore[union-attr]
MUTATIONS = sorted(SCHEMA.mutation_type.fields)  # type: ignore[union-attr]
SUBSCRIPTIONS = sorted(SCHEMA.subscription_type.fields)  # type: ignore[union-attr]
NODES = sorted(type_.name for type_ in SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects)  # type: ignore[arg-type]

#: Fields that are no level of depth of their own.
FLAT = {"edges", "node", "pageInfo", "errors"}
#: Values that make sense where one of the type alone would not.
_NAMED: dict[str, Any] = {
    "startsAt": "2030-06-03T13:00:00Z",
    "endsAt": "2030-06-03T15:00:00Z",
    "email": "new@example.com",
    "timeZone": "UTC",
    "locale": "en",
    "roles": ["SIGNER"],
    "backend": "local",
    "algorithm": "ED25519",
    "type": "OFFLINE",
    "status": None,
    "content": None,
    "cursor": None,
    "after": None,
    "before": None,
    "last": None,
    "first": 3,
}
_BY_TYPE: dict[str, Any] = {
    "String": "text",
    "Int": 1,
    "Boolean": True,
    "DateTime": "2030-06-03T14:00:00Z",
    "Base64": b64encode(DIGEST).decode(),
}


def query(name: str, id_: str) -> tuple[str, dict[str, Any]]:
    """Ask a field of Query, every ID being this one."""
    return _operation("query", SCHEMA.query_type.fields[name], name, id_)  # type: ignore[union-attr]


def mutation(name: str, id_: str) -> tuple[str, dict[str, Any]]:
    """Run a field of Mutation, every ID being this one."""
    return _operation("mutation", SCHEMA.mutation_type.fields[name], name, id_)  # type: ignore[union-attr]


def subscription(name: str, id_: str, **given: Any) -> tuple[str, dict[str, Any]]:
    """Follow a field of Subscription, every ID being this one; optional arguments as given."""
    text, variables = _operation(
        "subscription",
        SCHEMA.subscription_type.fields[name],  # type: ignore[union-attr]
        name,
        id_,
    )
    return text, variables | given


def takes_an_id(name: str) -> bool:
    """The mutation's input has an ID in it somewhere."""
    return "some id" in str(mutation(name, "some id")[1])


def selection(type_: Any, depth: int, kind: str | None = None) -> str:
    """Everything that can be selected without arguments, so deep; of a Node, as this kind."""
    type_ = get_named_type(type_)
    if is_leaf_type(type_):
        return ""
    if isinstance(type_, GraphQLInterfaceType):
        node = SCHEMA.type_map[kind or "User"]
        return f"{{ __typename id ... on {node.name} {selection(node, depth)} }}"
    assert isinstance(type_, GraphQLObjectType)
    return "{ __typename " + " ".join(_fields(type_, depth)) + " }"


def _fields(type_: GraphQLObjectType, depth: int) -> list[str]:
    found = []
    for name, field in type_.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        page = "(first: 2)" if "first" in field.args else ""
        inner = depth - (name not in FLAT)
        if is_leaf_type(get_named_type(field.type)):
            found.append(name)
        elif inner >= 0:
            found.append(f"{name}{page} {selection(field.type, inner)}")
    return found


def _operation(
    kind: str, field: GraphQLField, name: str, id_: str, depth: int = 1
) -> tuple[str, dict[str, Any]]:
    declared = ", ".join(f"${n}: {a.type}" for n, a in field.args.items())
    given = ", ".join(f"{n}: ${n}" for n in field.args)
    head = f"{kind} ({declared})" if declared else kind
    arguments = f"({given})" if given else ""
    of_id = parse(id_)
    selected = selection(field.type, depth, of_id[0] if of_id else None)
    text = f"{head} {{ {name}{arguments} {selected} }}"
    return text, {n: _value(n, a.type, id_) for n, a in field.args.items()}


def _value(name: str, type_: Any, id_: str) -> Any:
    if name in _NAMED:
        return _NAMED[name]
    if is_non_null_type(type_):
        return _value(name, type_.of_type, id_)
    if is_list_type(type_):
        return [_value("", type_.of_type, id_)]
    if isinstance(type_, GraphQLInputObjectType):
        return {n: _value(n, f.type, id_) for n, f in type_.fields.items()}
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return id_ if type_.name == "ID" else _BY_TYPE[type_.name]
