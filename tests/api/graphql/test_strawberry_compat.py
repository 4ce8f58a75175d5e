"""What the server relies on beyond the documented API of Strawberry and graphql-core.

After an upgrade, a failure here says which part changed and where the code has to follow.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, GraphQLObjectType, Source, parse, validate
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql import strawberry_compat as compat
from api.graphql.schema import schema
from api.graphql.strawberry_schema import request_of
from api.graphql.subscriptions.socket import Socket
from api.graphql.types.enums import Direction

ROOM = Path(compat.__file__).parent
VERSIONS = f"Strawberry {version('strawberry-graphql')}, graphql-core {version('graphql-core')}"
#: The modules that use what is not documented.
PRIVATE_MODULES = {"strawberry_compat.py", "strawberry_schema.py"}
#: Modules of Strawberry whose names its documentation gives.
DOCUMENTED = {
    "strawberry",
    "strawberry.asgi",
    "strawberry.exceptions",
    "strawberry.federation",
    "strawberry.federation.schema_directives",
    "strawberry.federation.types",
    "strawberry.http",
    "strawberry.printer",
    "strawberry.scalars",
    "strawberry.schema.config",
    "strawberry.subscriptions",
    "strawberry.types.scalar",
}
Executor = StrawberryGraphQLCoreExecutionContext
_Handler = compat.BaseGraphQLTransportWSHandler

#: Methods that are overridden or called, with the parameters that they are taken to have.
METHODS: list[tuple[type, str, str]] = [
    (strawberry.Schema, "_prepare_operation_async", "context extensions_runner"),
    (
        strawberry.Schema,
        "_execute_operation",
        (
            "execution_context extensions_runner middleware_manager execute_function"
            " custom_context_kwargs"
        ),
    ),
    (strawberry.Schema, "process_errors", "errors execution_context"),
    (
        Executor,
        "execute_collected_root_fields",
        "root_type root_value grouped_field_set serially new_defer_usages",
    ),
    (
        Executor,
        "execute_fields",
        "parent_type source_value path grouped_field_set position_context",
    ),
    (
        Executor,
        "complete_list_value",
        "return_type field_details_list info path result position_context",
    ),
    (Executor, "collect_subfields", "return_type field_details_list"),
    (strawberry.Schema, "_process_errors", "errors execution_context"),
    (GraphQL, "_get_stream_transport_from_headers", "headers"),
    (GraphQL, "parse_http_body", "request"),
    (GraphQL, "process_result", "request result"),
    (GraphQL, "create_response", "response_data sub_response"),
    (GraphQL, "create_streaming_response", "request stream sub_response headers"),
    (GraphQL, "should_render_graphql_ide", "request"),
    (GraphQL, "render_graphql_ide", "request"),
    (GraphQL, "is_websocket_origin_allowed", "request origin"),
    (GraphQL, "get_sub_response", "request"),
    (_Handler, "handle_message", "message"),
    (_Handler, "handle_invalid_message", "error_message"),
    (_Handler, "handle_subscribe", "message"),
    (_Handler, "run_operation", "operation"),
    (_Handler, "send_message", "message"),
    (compat.Operation, "send_initial_errors", "errors"),
    (compat.SSETransport, "accepts", "accept"),
    (compat.CachingNameConverter, "apply_naming_config", "name"),
]

#: Attributes that are set or read on classes.
ATTRIBUTES: list[tuple[type, str]] = [
    (GraphQL, "request_adapter_class"),
    (GraphQL, "stream_transport_classes_by_protocol"),
    (GraphQL, "graphql_transport_ws_handler_class"),
    (GraphQL, "graphql_ide_html"),
    (compat.SSETransport, "headers"),
]


def changed(what: str) -> str:
    """The sentence that a failure says."""
    return (
        f"{VERSIONS}: {what} is not what the server relies on. Adapt"
        " api/graphql/strawberry_compat.py, then the description of it in this test."
    )


@pytest.mark.parametrize(("owner", "name", "parameters"), METHODS)
def test_a_method_takes_what_it_is_taken_to(owner: type, name: str, parameters: str) -> None:
    method = getattr(owner, name, None)
    assert method is not None, changed(f"{owner.__name__}.{name}, which is gone,")
    actual = " ".join(p for p in inspect.signature(method).parameters if p != "self")
    assert actual == parameters, changed(f"{owner.__name__}.{name}({actual})")


@pytest.mark.parametrize(("owner", "name"), ATTRIBUTES)
def test_an_attribute_exists(owner: type, name: str) -> None:
    assert hasattr(owner, name), changed(f"{owner.__name__}.{name}, which is gone,")


def test_a_websocket_handler_knows_its_operations_and_whether_it_began() -> None:
    source = inspect.getsource(Socket.__mro__[1])
    for name in ("operations", "connection_acknowledged", "context"):
        assert f"self.{name}" in source, changed(f"the WebSocket handler without `{name}`")
    source = inspect.getsource(ASGIWebSocketAdapter)
    assert "self.ws = " in source, changed("the WebSocket of an adapter")


def test_types_tell_their_class_and_fields_their_attribute() -> None:
    release = schema.core.type_map["Release"]
    assert isinstance(release, GraphQLObjectType)
    origin = compat.python_class(release)
    assert origin is not None and origin.__name__ == "Release", changed("a type's definition")
    starts_at, history = release.fields["startsAt"], release.fields["history"]
    assert compat.plain_attribute(starts_at) == "starts_at", changed("a field's default resolver")
    assert compat.plain_attribute(history) is None, changed("a field's resolver")


@strawberry.input
class Words:
    first: str
    second: str | None = "b"


@strawberry.type
class Echo:
    @strawberry.field
    async def echo(self, info: strawberry.Info, words: Words) -> str:
        return f"{info} {words.first} {words.second}"

    @strawberry.field
    def plain(self) -> str:
        return ""


async def test_a_root_field_is_resolved_as_strawberry_does() -> None:
    own = strawberry.Schema(Echo)
    fields = own._schema.query_type.fields  # type: ignore[union-attr]
    resolve = compat.async_resolver(own, fields["echo"])
    assert resolve is not None, changed("a root field's definition")
    answer = await resolve("info", {"words": {"first": "a"}})
    assert answer == "info a b", changed("how a resolver gets its arguments")
    assert compat.async_resolver(own, fields["plain"]) is None


def test_what_is_selected_is_collected() -> None:
    document = parse("{ ...Q } fragment Q on Query { me: viewer { user { id } } }")
    operation, fragment = document.definitions
    collected = compat.CollectedFields(schema.core, {"Q": fragment}, operation)  # type: ignore[arg-type, dict-item]
    fields = collected.at_root(schema.core.query_type)  # type: ignore[arg-type]
    viewer = schema.core.type_map["Viewer"]
    beneath = collected.beneath(viewer, fields["me"])  # type: ignore[arg-type]
    assert ([*fields], [*beneath]) == (["me"], ["user"]), changed("how fields are collected")


def test_a_registered_enum_tells_its_values() -> None:
    names = [value.name for value in compat.enum_values(Direction)]
    assert names == ["ASC", "DESC"], changed("an enum's definition")


def test_the_name_of_an_operation_is_the_one_that_was_given() -> None:
    context = compat.ExecutionContext(
        query="query a { __typename }",
        schema=schema,
        allowed_operations=frozenset(),
        provided_operation_name=None,
    )
    assert request_of(context).name is None, changed("ExecutionContext's operation name")


def test_a_resolver_knows_graphql_cores_own_info() -> None:
    seen: list[Any] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def echo(self, info: strawberry.Info, text: str) -> str:
            raw = compat.resolve_info(info)
            seen.append((raw.field_name, raw.fragments, compat.variable_values(raw).coerced))
            return text

    document = "query ($text: String!) { echo(text: $text) }"
    result = strawberry.Schema(Query).execute_sync(document, {"text": "a"})
    assert result.errors is None and seen == [("echo", {}, {"text": "a"})], changed(
        "the information of a resolver"
    )


def parse_error(text: str, **limits: int) -> GraphQLError:
    with pytest.raises(GraphQLError) as caught:
        parse(Source(text), **limits)  # type: ignore[arg-type]
    return caught.value


def test_errors_of_the_parser_are_told_apart() -> None:
    many, other = parse_error("{ a b c }", max_tokens=2), parse_error("{ a")
    deep = parse_error("{ a(b: " + "[" * 5000 + "]" * 5000 + ") }")
    kinds = [(compat.is_token_limit(e), compat.is_nesting_limit(e)) for e in (many, deep, other)]
    assert kinds == [(True, False), (False, True), (False, False)], changed("a parser's message")


def test_an_input_is_cut_from_a_message() -> None:
    document = parse('mutation { createRole(input: {name: "hush"}) { errors { code } } }')
    (error, *_) = validate(schema.core, document, compat.VALIDATION_RULES)
    assert "hush" in error.message
    assert "hush" not in compat.without_input(error.message), changed("a validator's message")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_other_module_imports_what_is_not_documented() -> None:
    assert [
        f"{path.relative_to(ROOM)}: {module}"
        for path in sorted(ROOM.rglob("*.py"))
        if path.name not in PRIVATE_MODULES
        for module in imports_of(path)
        if module.partition(".")[0] == "strawberry" and module not in DOCUMENTED
    ] == []


def test_the_dependency_is_bounded_above() -> None:
    (requirement,) = (
        r for r in requires("countersign-server") or () if r.startswith("strawberry-graphql")
    )
    assert "<" in requirement, "bound Strawberry above in pyproject.toml: its private API changes"
