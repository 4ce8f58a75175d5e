"""A cache of documents that were parsed, are within the limits and are valid.

Validation costs more than anything else that happens before an operation runs.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    validate,
)

from api.graphql.limits.config import Limits
from api.graphql.limits.document_limits import check_shape, too_deep
from api.graphql.limits.errors import exceeded
from api.graphql.operation_metrics import kind_and_name
from api.graphql.prepared import PreparedOperation, prepare
from api.graphql.strawberry_compat import (
    VALIDATION_RULES,
    OperationType,
    is_nesting_limit,
    is_token_limit,
    without_input,
)
from api.graphql.strawberry_schema import HookedSchema

#: Characters of all cached documents; prepared, one takes some 250 bytes for each character.
CACHE_CHARACTERS = 200_000
#: Errors that are reported for one document.
MAX_ERRORS = 5
#: Characters of an error's message.
MAX_MESSAGE_CHARACTERS = 500


class InvalidDocumentError(Exception):
    """The document does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the document is not valid")
        self.errors = errors


@dataclass(slots=True)
class Operation:
    """An operation of a valid document, with what is worked out once for it."""

    document: DocumentNode
    definition: OperationDefinitionNode
    type: OperationType
    #: Its labels in the metrics.
    kind_and_name: tuple[str, str]
    #: The number of objects that it could answer; None if that depends on its variables.
    cost: int | None = None
    #: What it is prepared to; None if graphql-core has to execute it, or until it is first run.
    prepared: PreparedOperation | None = None
    is_prepared: bool = False

    def prepare(self, schema: HookedSchema) -> None:
        """Prepare it, if it can be prepared."""
        self.prepared, self.is_prepared = prepare(schema, self.document, self.definition), True


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document."""

    node: DocumentNode
    _operations: dict[str | None, Operation] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation:
        """Return the operation of this name, or the only one.

        Raises:
            GraphQLError: The document has no such operation.
        """
        known = self._operations.get(name)
        if known is None:
            known = self._operations[name] = self._new_operation(name)
        return known

    def _new_operation(self, name: str | None) -> Operation:
        definition = get_operation_ast(self.node, name)
        if definition is None:
            raise GraphQLError(
                "Name one of the document's operations in operationName.",
                extensions={"code": "OPERATION_UNKNOWN"},
            )
        return Operation(
            self.node,
            definition,
            OperationType(definition.operation.value),
            kind_and_name(definition),
        )


class Documents:
    """The valid documents of a schema by their text: the latest used, up to a total size."""

    def __init__(self, schema: GraphQLSchema, capacity_characters: int = CACHE_CHARACTERS) -> None:
        self._schema = schema
        self._cache: OrderedDict[tuple[str, Limits], Document] = OrderedDict()
        self._free_characters = capacity_characters

    def read(self, text: str, limits: Limits) -> Document:
        """Return the document of a text.

        Raises:
            GraphQLError: The text cannot be parsed, or the document is beyond a limit.
            InvalidDocumentError: The document does not fit the schema.
        """
        key = (text, limits)
        document = self._cache.get(key)
        if document is not None:
            self._cache.move_to_end(key)
            return document
        document = Document(_validated(self._schema, text, limits))
        self._cache[key] = document
        self._free_characters -= len(text)
        while self._free_characters < 0:
            (evicted_text, _), _ = self._cache.popitem(last=False)
            self._free_characters += len(evicted_text)
        return document


def _validated(schema: GraphQLSchema, text: str, limits: Limits) -> DocumentNode:
    # Where the schema cannot be read by introspection, errors suggest no names from it either.
    hide_suggestions = not limits.introspection
    try:
        document = _parsed(text, limits)
        check_shape(document, limits)
        errors = validate(
            schema,
            document,
            VALIDATION_RULES,
            max_errors=MAX_ERRORS,
            hide_suggestions=hide_suggestions,
        )
    except RecursionError:
        raise too_deep(limits) from None
    if errors:
        raise InvalidDocumentError([_shortened(error) for error in errors[:MAX_ERRORS]])
    return document


def _shortened(error: GraphQLError) -> GraphQLError:
    # Some messages repeat the whole of a value.
    message = without_input(error.message)
    if len(message) > MAX_MESSAGE_CHARACTERS:
        message = message[:MAX_MESSAGE_CHARACTERS] + "..."
    return GraphQLError(message, error.nodes, extensions={"code": "VALIDATION_FAILED"})


def _parsed(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLError as error:
        if is_token_limit(error):
            what, actual = "Too long a document, in tokens", limits.tokens + 1
            raise exceeded("tokens", limits.tokens, actual, what, or_more=True) from None
        if is_nesting_limit(error):
            raise too_deep(limits) from None
        # Not as the subclass: over a WebSocket that would end every operation of the client.
        raise GraphQLError(
            error.message,
            source=error.source,
            positions=error.positions,
            extensions={"code": "SYNTAX_ERROR"},
        ) from None
