"""Operations as the metrics have them: by type and by what of the schema they ask for."""

from __future__ import annotations

from typing import Any

from graphql import DocumentNode, FieldNode, OperationDefinitionNode, get_operation_ast

from api.observability.meter import Result

#: Of operations that ask for more than one thing.
SEVERAL = "several"


def kind_and_name(document: DocumentNode, operation_name: str | None) -> tuple[str, str]:
    """Of a valid document. Clients' own names would make labels without end."""
    operation = get_operation_ast(document, operation_name)
    assert isinstance(operation, OperationDefinitionNode)
    names = {
        node.name.value if isinstance(node, FieldNode) else SEVERAL
        for node in operation.selection_set.selections
    }
    return operation.operation.value, names.pop() if len(names) == 1 else SEVERAL


def result_of(answer: Any) -> Result:
    """Refused are also those that say so in their payload."""
    errors = answer.errors or ()
    if any((error.extensions or {}).get("code") == "BUG" for error in errors):
        return Result.FAILED
    payloads = (answer.data or {}).values()
    refused = any(isinstance(told, dict) and told.get("errors") for told in payloads)
    return Result.REFUSED if errors or refused else Result.DONE
