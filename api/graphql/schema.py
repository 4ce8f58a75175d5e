"""The executable schema."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError, OperationDefinitionNode, get_operation_ast, print_schema
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.schema.name_converter import NameConverter
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from api.graphql.documents import Document, Documents, InvalidDocumentError
from api.graphql.limits.config import Limits
from api.graphql.limits.cost import cost_of
from api.graphql.limits.errors import exceeded, too_slow
from api.graphql.limits.response_limit import BoundedExecution
from api.graphql.masking import mask_bugs
from api.graphql.mutations import Mutation
from api.graphql.operation_metrics import kind_and_name, result_of
from api.graphql.queries import Query
from api.graphql.scalars import SCALARS
from api.graphql.schema_postprocessing import finish
from api.graphql.subscriptions.release_events import ReleaseSubscriptions
from api.graphql.values import without_input
from api.web.http.refusals import wrong_kind

#: What has one answer.
ANSWERED = frozenset({OperationType.QUERY, OperationType.MUTATION})
#: Objects answered, and seconds of parsing and validating, that count toward the caller's rate
#: like one more operation.
OBJECTS_AN_OPERATION = 100
SECONDS_AN_OPERATION = 0.001


class Schema(strawberry.Schema):
    """Strawberry's, with limits before an operation runs and while it does, on every transport."""

    def __init__(self, *rest: Any, **more: Any) -> None:
        super().__init__(*rest, **more)
        finish(self._schema)
        self._documents = Documents(self._schema)

    def as_str(self) -> str:
        """The schema's text, as `schema.graphql` has it."""
        return print_schema(self._schema)

    async def execute(self, *rest: Any, **more: Any) -> ExecutionResult:
        """One answer; a subscription is streamed, or not at all."""
        allowed = more.get("allowed_operation_types") or ANSWERED
        more["allowed_operation_types"] = ANSWERED.intersection(allowed)
        return await super().execute(*rest, **more)

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        """In place of parsing and validating each time anew."""
        try:
            if context.query:
                context.context.admit()
                document = self._read(context, context.query)
                self._weigh(context, document)
            return await super()._prepare_operation_async(context, extensions_runner)
        except InvalidDocumentError as invalid:
            errors = invalid.errors
        except InvalidOperationTypeError as wrong:
            errors = [wrong_kind(wrong.operation_type)]
        except GraphQLError as refused:
            errors = [refused]
        context.context.runtime.meter.asked_in_vain()
        context.pre_execution_errors = errors
        return PreExecutionError(data=None, errors=errors)

    def _read(self, context: ExecutionContext, text: str) -> Document:
        # What others do on the machine meanwhile is not the caller's to pay.
        began = time.thread_time()
        try:
            document = self._documents.read(text, _limits(context))
            context.graphql_document = document.node
            context.pre_execution_errors = []
            return document
        finally:
            context.context.charge((time.thread_time() - began) / SECONDS_AN_OPERATION)

    def _weigh(self, context: ExecutionContext, document: Document) -> None:
        """Refuse what would answer too much."""
        limits, name = _limits(context), _operation_name(context)
        cost = document.costs.get(name)
        if cost is None:
            cost = self._estimate(context, document, name)
        if cost > limits.cost:
            raise exceeded("cost", limits.cost, cost, "Too much at once, in objects answered")
        context.context.charge(cost / OBJECTS_AN_OPERATION)

    def _estimate(self, context: ExecutionContext, document: Document, name: str | None) -> int:
        operation = get_operation_ast(document.node, name)
        if not isinstance(operation, OperationDefinitionNode):
            raise GraphQLError(
                "Name one of the document's operations in operationName.",
                extensions={"code": "OPERATION_UNKNOWN"},
            )
        cost, is_fixed = cost_of(self._schema, document.node, operation, context.variables)
        if is_fixed:
            document.costs[name] = cost
        return cost

    async def _execute_operation(self, execution_context: ExecutionContext, *rest: Any) -> Any:
        """Within the time that an operation may take."""
        seconds, document = _limits(execution_context).seconds, execution_context.graphql_document
        assert document is not None
        kind, name = kind_and_name(document, _operation_name(execution_context))
        with execution_context.context.runtime.meter.asked(kind, name) as asked:
            try:
                async with asyncio.timeout(seconds):
                    answer = await super()._execute_operation(execution_context, *rest)
            except TimeoutError:
                raise too_slow(seconds) from None
            asked.result = result_of(answer)
        return answer

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Every error goes through here on its way out; a bug goes no further."""
        errors[:] = mask_bugs(errors)
        for error in errors:
            if error.path is None and not error.extensions:
                error.extensions = {"code": "INVALID_VARIABLES"}
                error.message = without_input(error.message)


class Names(NameConverter):
    """As the schema spells them, each spelt once: Strawberry asks anew for every input."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(super().apply_naming_config)  # type: ignore[method-assign]


@strawberry.type(description="The subscriptions that deliver events as they happen.")
class Subscription(ReleaseSubscriptions):
    pass


def _operation_name(context: ExecutionContext) -> str | None:
    # What was asked for: Strawberry would fall back to the first of several.
    return context._provided_operation_name  # noqa: SLF001


def _limits(context: ExecutionContext) -> Limits:
    limits: Limits = context.context.limits
    return limits


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(
        scalar_map=SCALARS, disable_field_suggestions=True, name_converter=Names()
    ),
    execution_context_class=BoundedExecution,
)
