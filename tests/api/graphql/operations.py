"""Operations made from the schema itself: so that a field added later is covered, too."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
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
    is_required_input_field,
)

from api.graphql.ids import parse
from api.graphql.schema import schema
from tests.support.private_key_files import ED25519_PEM
from tests.support.world import DIGEST

SCHEMA = schema._schema
QUERIES = sorted(SCHEMA.query_type.fields)  # type: ignore[union-attr]
MUTATIONS = sorted(SCHEMA.mutation_type.fields)  # type: ignore[union-attr]
SUBSCRIPTIONS = sorted(SCHEMA.subscription_type.fields)  # type: ignore[union-attr]
NODES = sorted(type_.name for type_ in SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects)  # type: ignore[arg-type]

#: An operation's text, and its variables.
Operation = tuple[str, dict[str, Any]]

#: Fields that are no level of depth of their own.
FLAT = {"edges", "node", "pageInfo", "errors"}
#: Values that make sense where one of the type alone would not.
_NAMED: dict[str, Any] = {
    "startsAt": "2030-06-03T13:00:00Z",
    "endsAt": "2030-06-03T15:00:00Z",
    "from": "2030-06-03T12:00:00Z",
    "groupBy": "TEAM",
    "email": "new@example.com",
    "timeZone": "UTC",
    "locale": "en",
    "roles": ["SIGNER"],
    "backend": "local",
    "privateKeyFile": b64encode(ED25519_PEM).decode(),
    "passphrase": None,
    "algorithm": "ED25519",
    "type": "OFFLINE",
    "status": None,
    "subject": "CN=Example",
    # A digest is signed, and nothing besides it.
    "content": None,
    "message": None,
    "sshsig": None,
    "timestamp": False,
    "keypairAlias": None,
    "size": None,
    # One of the exact values is enough, and no text is a pattern.
    "matches": None,
    "cursor": None,
    "after": None,
    "before": None,
    "last": None,
    "first": 3,
}
_BY_TYPE: dict[str, Any] = {
    "String": "text",
    "Int": 1,
    "BigInt": 1,
    "Boolean": True,
    "DateTime": "2030-06-03T14:00:00Z",
    "Base64": b64encode(DIGEST).decode(),
}


#: Says which id to put at a place of an operation: its path of names, and the kind wanted there.
Pick = Callable[[tuple[str, ...], str], str]
#: What kind of thing an ID is of, by the name of its field. One that is not here ends the walk.
KINDS = {
    "teamId": "Team",
    "certificateId": "Certificate",
    "keypairId": "Keypair",
    "keypairIds": "Keypair",
    "teamIds": "Team",
    "roleId": "Role",
    "releaseId": "Release",
    "userId": "User",
    "userIds": "User",
    "addUserIds": "User",
    "removeUserIds": "User",
    "signerId": "User",
    "actorId": "User",
    "memberIds": "User",
    "memberId": "User",
    "participantId": "User",
    "participantIds": "User",
    "requestedById": "User",
    "issuerId": "TrustedIssuer",
    "subjectId": "Team",
}
#: What a plain `id` is of, where the operation's name does not say.
_SUBJECTS = {"node": "Release", "nodes": "Release", "resendDelivery": "Delivery"}


def kind_of(operation: str, name: str) -> str:
    """The kind of thing that an ID of this operation is of."""
    if name not in {"id", "ids"}:
        return KINDS[name]
    named = [kind for kind in NODES if kind.lower() in operation.lower()]
    return _SUBJECTS[operation] if operation in _SUBJECTS else max(named, key=len)


def query(name: str, pick: Pick, only: tuple[str, ...] | None = None, depth: int = 1) -> Operation:
    """Ask a field of Query: with everything that it needs, and of the rest as in `only`."""
    return _operation("query", SCHEMA.query_type.fields[name], name, pick, only, depth)  # type: ignore[union-attr]


def mutation(
    name: str, pick: Pick, only: tuple[str, ...] | None = None, depth: int = 1
) -> Operation:
    """Run a field of Mutation, with everything it takes, or of the optional things as in `only`."""
    field = SCHEMA.mutation_type.fields[name]  # type: ignore[union-attr]
    return _operation("mutation", field, name, pick, only, depth)


def subscription(name: str, pick: Pick, **given: Any) -> Operation:
    """Follow a field of Subscription; arguments as given, the rest filled in."""
    field = SCHEMA.subscription_type.fields[name]  # type: ignore[union-attr]
    text, variables = _operation("subscription", field, name, pick)
    return text, variables | given


def id_places(name: str) -> list[tuple[str, ...]]:
    """Where the mutation's input has an ID in it."""
    places: list[tuple[str, ...]] = []

    def note(path: tuple[str, ...], kind: str) -> str:
        places.append(path)
        return ""

    mutation(name, note)
    return places


def ways(name: str) -> list[tuple[str, ...]]:
    """How a query can be asked: barely, and with each thing it may be given, alone."""
    found: list[tuple[str, ...]] = [()]
    for argument, definition in SCHEMA.query_type.fields[name].args.items():  # type: ignore[union-attr]
        type_ = get_named_type(definition.type)
        if argument in _NAMED and _NAMED[argument] is None:
            continue
        if is_required_argument(definition):
            continue
        if isinstance(type_, GraphQLInputObjectType):
            found += [(argument, field) for field in type_.fields]
        else:
            found.append((argument,))
    return found


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
    kind: str,
    field: GraphQLField,
    name: str,
    pick: Pick,
    only: tuple[str, ...] | None = None,
    depth: int = 1,
) -> Operation:
    taken = {n: a for n, a in field.args.items() if is_required_argument(a) or _is_in((n,), only)}
    declared = ", ".join(f"${n}: {a.type}" for n, a in taken.items())
    given = ", ".join(f"{n}: ${n}" for n in taken)
    head = f"{kind} ({declared})" if declared else kind
    arguments = f"({given})" if given else ""
    variables = {n: _value(name, (n,), a.type, pick, only) for n, a in taken.items()}
    of_id = parse(str(variables.get("id") or (variables.get("ids") or [""])[0]))
    selected = selection(field.type, depth, of_id[0] if of_id else None)
    return f"{head} {{ {name}{arguments} {selected} }}", variables


def _is_in(path: tuple[str, ...], only: tuple[str, ...] | None) -> bool:
    """Asked for, or on the way to what is; without `only` everything is."""
    return only is None or path == only[: len(path)]


def _value(
    operation: str, path: tuple[str, ...], type_: Any, pick: Pick, only: tuple[str, ...] | None
) -> Any:
    name = path[-1]
    if name in _NAMED:
        return _NAMED[name]
    if is_non_null_type(type_):
        return _value(operation, path, type_.of_type, pick, only)
    if is_list_type(type_):
        return [_value(operation, path, type_.of_type, pick, only)]
    if isinstance(type_, GraphQLInputObjectType):
        return {
            n: _value(operation, (*path, n), f.type, pick, only)
            for n, f in type_.fields.items()
            if is_required_input_field(f) or _is_in((*path, n), only)
        }
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return pick(path, kind_of(operation, name)) if type_.name == "ID" else _BY_TYPE[type_.name]
