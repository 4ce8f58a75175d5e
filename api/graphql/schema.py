"""The executable schema: types, limits and execution put together."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import strawberry
from graphql import GraphQLError, OperationDefinitionNode, get_operation_ast, print_schema
from strawberry.schema.config import StrawberryConfig

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
from api.graphql.strawberry_compat import (
    CachingNameConverter,
    ExecutionContext,
    ExecutionResult,
    HookedSchema,
    OperationType,
    operation_name,
    without_input,
)
from api.graphql.subscriptions.release_events import ReleaseSubscriptions
from api.web.http.refusals import wrong_kind

#: The operations that have one answer; a subscription is a stream of them.
SINGLE_ANSWER_TYPES = frozenset({OperationType.QUERY, OperationType.MUTATION})
#: Objects of an answer, and seconds of parsing and validation, that count toward the caller's rate
#: like one more operation.
OBJECTS_PER_OPERATION = 100
PREPARATION_SECONDS_PER_OPERATION = 0.001


class Schema(HookedSchema):
    """The schema, with limits before an operation runs and while it runs, on every transport."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        finish(self.core)
        self._documents = Documents(self.core)

    def as_str(self) -> str:
        """Return the schema's text, as it is in `schema.graphql`."""
        return print_schema(self.core)

    async def execute(self, *arguments: Any, **options: Any) -> ExecutionResult:
        """Run an operation that has one answer; subscriptions are streamed, or refused."""
        allowed = options.get("allowed_operation_types") or SINGLE_ANSWER_TYPES
        options["allowed_operation_types"] = SINGLE_ANSWER_TYPES.intersection(allowed)
        return await super().execute(*arguments, **options)

    def prepare(self, context: ExecutionContext) -> list[GraphQLError]:
        """Take the operation's document from the cache, and check the limits; return errors."""
        try:
            context.context.admit()
            document = self._read(context, context.query or "")
            self._check_cost(context, document)
        except InvalidDocumentError as invalid:
            return invalid.errors
        except GraphQLError as error:
            return [error]
        return []

    def wrong_operation_type(self, operation_type: OperationType) -> GraphQLError:
        """Return the error of an operation whose type the transport does not carry."""
        return wrong_kind(operation_type)

    def refused(self, context: ExecutionContext) -> None:
        """Count an operation that was refused before it ran."""
        context.context.runtime.meter.graphql_operation_refused()

    def _read(self, context: ExecutionContext, text: str) -> Document:
        # CPU time of this thread: the caller is not charged for what others do meanwhile.
        began = time.thread_time()
        try:
            document = self._documents.read(text, _limits(context))
            context.graphql_document = document.node
            context.pre_execution_errors = []
            return document
        finally:
            seconds = time.thread_time() - began
            context.context.charge(seconds / PREPARATION_SECONDS_PER_OPERATION)

    def _check_cost(self, context: ExecutionContext, document: Document) -> None:
        """Refuse an operation that could answer too many objects, and charge what it could."""
        limits, name = _limits(context), operation_name(context)
        cost = document.costs.get(name)
        if cost is None:
            cost = self._estimate(context, document, name)
        if cost > limits.cost:
            raise exceeded("cost", limits.cost, cost, "Too much at once, in objects answered")
        context.context.charge(cost / OBJECTS_PER_OPERATION)

    def _estimate(self, context: ExecutionContext, document: Document, name: str | None) -> int:
        operation = get_operation_ast(document.node, name)
        if not isinstance(operation, OperationDefinitionNode):
            raise GraphQLError(
                "Name one of the document's operations in operationName.",
                extensions={"code": "OPERATION_UNKNOWN"},
            )
        cost, is_fixed = cost_of(self.core, document.node, operation, context.variables)
        if is_fixed:
            document.costs[name] = cost
        return cost

    async def run_prepared(self, context: ExecutionContext, *arguments: Any) -> Any:
        """Run an operation within the time that it may take, and measure it."""
        seconds, document = _limits(context).seconds, context.graphql_document
        assert document is not None
        kind, name = kind_and_name(document, operation_name(context))
        with context.context.runtime.meter.graphql_operation(kind, name) as measurement:
            try:
                async with asyncio.timeout(seconds):
                    answer = await super().run_prepared(context, *arguments)
            except TimeoutError:
                raise too_slow(seconds) from None
            measurement.result = result_of(answer)
        return answer

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Mask bugs, and give errors of variables their code: every error passes through here."""
        errors[:] = mask_bugs(errors)
        for error in errors:
            if error.path is None and not error.extensions:
                error.extensions = {"code": "INVALID_VARIABLES"}
                error.message = without_input(error.message)


@strawberry.type(description="The subscriptions that deliver events as they happen.")
class Subscription(ReleaseSubscriptions):
    pass


def _limits(context: ExecutionContext) -> Limits:
    limits: Limits = context.context.limits
    return limits


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(
        scalar_map=SCALARS, disable_field_suggestions=True, name_converter=CachingNameConverter()
    ),
    execution_context_class=BoundedExecution,
)
