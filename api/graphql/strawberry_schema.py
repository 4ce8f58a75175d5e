"""Strawberry's schema with hooks: private methods that Countersign overrides, under its own names.

Like `strawberry_compat`, which has the rest of what is not documented.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Protocol

import strawberry
from graphql import DocumentNode, GraphQLError, GraphQLSchema, MiddlewareManager, execute
from graphql import ExecutionResult as CoreResult
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.utils.await_maybe import await_maybe

from api.graphql.strawberry_compat import (
    ExecutionContext,
    ExecutionResult,
    OperationType,
    PreExecutionError,
)

__all__ = ["AdmittedOperation", "CoreResult", "HookedSchema", "OperationRequest", "request_of"]


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """An operation as a client sent it."""

    text: str
    variables: dict[str, Any] | None
    #: The name that the client gave; Strawberry's own falls back to the first operation.
    name: str | None
    context: Any


class AdmittedOperation(Protocol):
    """An operation that may run."""

    @property
    def document(self) -> DocumentNode:
        """The parsed and valid document."""
        ...

    @property
    def type(self) -> OperationType:
        """Whether it is a query, a mutation or a subscription."""
        ...


class HookedSchema(strawberry.Schema):
    """Strawberry's schema with hooks before an operation runs and around its execution."""

    @property
    def core(self) -> GraphQLSchema:
        """graphql-core's schema, which Strawberry's was converted to."""
        return self._schema

    def admit(self, request: OperationRequest) -> AdmittedOperation | list[GraphQLError]:
        """Return the operation if it may run, or else the errors that it has."""
        raise NotImplementedError

    def wrong_operation_type(self, operation_type: OperationType) -> GraphQLError:
        """Return the error of an operation whose type the transport does not carry."""
        return GraphQLError(f"A {operation_type.value} cannot be sent here.")

    def refused(self, request: OperationRequest) -> None:
        """Note that an operation was refused before it ran."""

    async def run(self, operation: Any, request: OperationRequest) -> CoreResult:
        """Run an operation that was admitted."""
        raise NotImplementedError

    async def execute_request(
        self, request: OperationRequest, allowed_types: Container[OperationType]
    ) -> ExecutionResult:
        """Admit and run an operation that has one answer."""
        operation = self.admit(request)
        if not isinstance(operation, list) and operation.type not in allowed_types:
            operation = [self.wrong_operation_type(operation.type)]
        if isinstance(operation, list):
            self.refused(request)
            return self._unanswered(operation)
        try:
            result = await self.run(operation, request)
        except Exception as error:  # noqa: BLE001 - masked where it is no error of GraphQL
            if not isinstance(error, GraphQLError):
                error = GraphQLError(str(error), original_error=error)
            return self._unanswered([error])
        return ExecutionResult(data=result.data, errors=result.errors)

    async def execute_by_core(
        self,
        document: DocumentNode,
        request: OperationRequest,
        middleware: MiddlewareManager | None = None,
    ) -> CoreResult:
        """Execute an operation by graphql-core's executor."""
        answer: CoreResult = await await_maybe(
            execute(
                self._schema,
                document,
                middleware=middleware,
                variable_values=request.variables,
                operation_name=request.name,
                context_value=request.context,
                is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
                executor_class=self.execution_context_class,
            )
        )
        return answer

    def process_all_errors(self, errors: list[GraphQLError]) -> None:
        """Process errors as Strawberry does, which removes suggestions of names first."""
        self._process_errors(errors)

    def _unanswered(self, errors: list[GraphQLError]) -> PreExecutionError:
        self._process_errors(errors)
        return PreExecutionError(data=None, errors=errors)

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        """Call the hook in place of parsing and validating each document anew."""
        request = request_of(context)
        operation = self.admit(request)
        if isinstance(operation, list):
            errors = operation
        else:
            context.graphql_document = operation.document
            context.pre_execution_errors = []
            context.admitted_operation = operation  # type: ignore[attr-defined]
            try:
                return await super()._prepare_operation_async(context, extensions_runner)
            except InvalidOperationTypeError as wrong:
                errors = [self.wrong_operation_type(wrong.operation_type)]
        self.refused(request)
        context.pre_execution_errors = errors
        return PreExecutionError(data=None, errors=errors)

    async def _execute_operation(self, execution_context: ExecutionContext, *rest: Any) -> Any:
        """Call the hook."""
        operation = execution_context.admitted_operation  # type: ignore[attr-defined]
        return await self.run(operation, request_of(execution_context))


def request_of(context: ExecutionContext) -> OperationRequest:
    """Return the request that Strawberry made an execution context of."""
    name = context._provided_operation_name  # noqa: SLF001
    return OperationRequest(context.query or "", context.variables, name, context.context)
