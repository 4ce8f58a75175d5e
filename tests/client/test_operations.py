"""Every operation of the client fits the server's schema."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, OperationType, build_schema, parse, validate

from countersign import operations
from countersign.operations.operation import Operation
from countersign.operations.releases import APPROVE_RELEASE

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema((ROOT / "api/graphql/schema.graphql").read_text("utf-8"))
OPERATIONS = {
    f"{module.name}.{name}": value
    for module in pkgutil.iter_modules(operations.__path__)
    for name, value in vars(importlib.import_module(f"{operations.__name__}.{module.name}")).items()
    if isinstance(value, Operation)
}


def test_they_are_all_collected() -> None:
    assert OPERATIONS["releases.APPROVE_RELEASE"] is APPROVE_RELEASE


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_fits_the_schema(name: str) -> None:
    assert validate(SCHEMA, parse(OPERATIONS[name].text)) == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_queries_and_subscriptions_can_be_repeated(name: str) -> None:
    document = parse(OPERATIONS[name].text)
    (kind,) = (
        node.operation for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    assert OPERATIONS[name].is_repeatable or kind is OperationType.MUTATION
