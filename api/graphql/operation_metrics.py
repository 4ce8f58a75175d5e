"""The labels of operations in the metrics: their type and the field that they select."""

from __future__ import annotations

from typing import Any

from graphql import FieldNode, OperationDefinitionNode

from api.observability.meter import Result

#: The name of operations that select more than one field at their root.
SEVERAL_FIELDS = "several"


def kind_and_name(operation: OperationDefinitionNode) -> tuple[str, str]:
    """Return the labels of a valid operation; names that clients choose would be unlimited."""
    names = {
        node.name.value if isinstance(node, FieldNode) else SEVERAL_FIELDS
        for node in operation.selection_set.selections
    }
    return operation.operation.value, names.pop() if len(names) == 1 else SEVERAL_FIELDS


def result_of(answer: Any) -> Result:
    """Return the result of an operation; a refusal in a payload counts as one, too."""
    errors = answer.errors or ()
    if any((error.extensions or {}).get("code") == "BUG" for error in errors):
        return Result.FAILED
    payloads = (answer.data or {}).values()
    refused = any(isinstance(payload, dict) and payload.get("errors") for payload in payloads)
    return Result.REFUSED if errors or refused else Result.DONE
