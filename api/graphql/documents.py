"""Documents parsed, within the limits, and valid: remembered, since validation costs most."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.graphql.limits.config import Limits
from api.graphql.limits.document_limits import check_shape, too_deep
from api.graphql.limits.errors import exceeded
from api.graphql.values import without_input

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
#: Characters of all documents remembered; a parsed one takes some 200 bytes for each.
REMEMBERED = 200_000
#: Errors told of one document.
TOLD = 5
#: Characters of an error's message.
LONGEST = 500


class InvalidDocumentError(Exception):
    """It does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the document is not valid")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Document:
    """A valid one."""

    node: DocumentNode
    #: What its operations cost, by name, as far as that does not depend on variables.
    costs: dict[str | None, int] = field(default_factory=dict)


class Documents:
    """Valid documents of a schema by their text, the latest used, up to a total size."""

    def __init__(self, schema: GraphQLSchema, remembered: int = REMEMBERED) -> None:
        self._schema = schema
        self._known: OrderedDict[tuple[str, Limits], Document] = OrderedDict()
        self._room = remembered

    def read(self, text: str, limits: Limits) -> Document:
        """The document. Raises GraphQLError, or InvalidDocumentError with several."""
        key = (text, limits)
        document = self._known.get(key)
        if document is not None:
            self._known.move_to_end(key)
            return document
        document = Document(_checked(self._schema, text, limits))
        self._known[key] = document
        self._room -= len(text)
        while self._room < 0:
            (gone, _), _ = self._known.popitem(last=False)
            self._room += len(gone)
        return document


def _checked(schema: GraphQLSchema, text: str, limits: Limits) -> DocumentNode:
    try:
        document = _parsed(text, limits)
        check_shape(document, limits)
        # Whoever may not ask for the schema is not told names of it that were nearly asked for.
        quiet = not limits.introspection
        errors = validate(schema, document, RULES, max_errors=TOLD, hide_suggestions=quiet)
    except RecursionError:
        raise too_deep(limits) from None
    if errors:
        raise InvalidDocumentError([_shortened(error) for error in errors[:TOLD]])
    return document


def _shortened(error: GraphQLError) -> GraphQLError:
    # Some repeat the whole of a value.
    message = without_input(error.message)
    message = message if len(message) <= LONGEST else message[:LONGEST] + "..."
    return GraphQLError(message, error.nodes, extensions={"code": "VALIDATION_FAILED"})


def _parsed(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLError as error:
        if "tokens. Parsing aborted" in error.message:
            what, asked = "Too long a document, in tokens", limits.tokens + 1
            raise exceeded("tokens", limits.tokens, asked, what, or_more=True) from None
        if "nested too deeply" in error.message:
            raise too_deep(limits) from None
        # Not as the subclass: over a WebSocket that would end every operation of the client.
        raise GraphQLError(
            error.message,
            source=error.source,
            positions=error.positions,
            extensions={"code": "SYNTAX_ERROR"},
        ) from None
