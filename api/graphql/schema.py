"""The executable schema: types, limits and execution put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError, print_schema
from strawberry.schema.config import StrawberryConfig

from api.graphql.documents import Documents, InvalidDocumentError, Operation
from api.graphql.http.operation import wrong_kind
from api.graphql.limits.cost import cost_of
from api.graphql.limits.errors import exceeded, too_slow
from api.graphql.limits.response_limit import BoundedExecution
from api.graphql.masking import mask_bugs
from api.graphql.mutations import Mutation
from api.graphql.operation_metrics import result_of
from api.graphql.prepared import PreparedOperation
from api.graphql.queries import Query
from api.graphql.scalars import SCALARS
from api.graphql.schema_postprocessing import finish
from api.graphql.strawberry_compat import (
    CachingNameConverter,
    ExecutionContext,
    ExecutionResult,
    OperationType,
    without_input,
)
from api.graphql.strawberry_schema import CoreResult, HookedSchema, OperationRequest
from api.graphql.subscriptions.account_events import AccountSubscriptions
from api.graphql.subscriptions.inbox_events import InboxSubscriptions
from api.graphql.subscriptions.release_events import ReleaseSubscriptions

#: The operations that have one answer; a subscription is a stream of them.
SINGLE_ANSWER_TYPES = frozenset({OperationType.QUERY, OperationType.MUTATION})
#: Seconds of parsing and validation that count toward the caller's rate like one more operation.
PREPARATION_SECONDS_PER_OPERATION = 0.001

ResultT = TypeVar("ResultT")


class Schema(HookedSchema):
    """The schema, with limits before an operation runs and while it runs, on every transport."""

    #: Whether prepared operations are run as such; graphql-core gives the same answers.
    runs_prepared = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        finish(self.core)
        self._documents = Documents(self.core)

    def as_str(self) -> str:
        """Return the schema's text, as it is in `schema.graphql`."""
        return print_schema(self.core)

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run an operation that has one answer; subscriptions are streamed, or refused."""
        allowed = SINGLE_ANSWER_TYPES.intersection(allowed_operation_types or SINGLE_ANSWER_TYPES)
        request = OperationRequest(query or "", variable_values, operation_name, context_value)
        return await self.execute_request(request, allowed)

    def admit(self, request: OperationRequest) -> Operation | list[GraphQLError]:
        """Take the operation's document from the cache, and check the limits."""
        try:
            request.context.admit()
            operation = _charged(request, partial(self._read, request))
            self._check_cost(operation, request)
        except InvalidDocumentError as invalid:
            return invalid.errors
        except GraphQLError as error:
            return [error]
        return operation

    def wrong_operation_type(self, operation_type: OperationType) -> GraphQLError:
        """Return the error of an operation whose type the transport does not carry."""
        return wrong_kind(operation_type)

    def refused(self, request: OperationRequest) -> None:
        """Count an operation that was refused before it ran."""
        request.context.runtime.meter.graphql_operation_refused()

    def _read(self, request: OperationRequest) -> Operation:
        document = self._documents.read(request.text, request.context.limits)
        return document.operation(request.name)

    def _check_cost(self, operation: Operation, request: OperationRequest) -> None:
        """Refuse an operation that could answer too many objects, and charge what it could."""
        cost, allowed = operation.cost, request.context.limits.cost
        if cost is None:
            cost, is_fixed = cost_of(
                self.core, operation.document, operation.definition, request.variables
            )
            operation.cost = cost if is_fixed else None
        request.context.cost = cost
        if cost > allowed:
            raise exceeded("cost", allowed, cost, "Too much at once, in objects answered")
        request.context.charge_objects(cost)

    async def run(self, operation: Operation, request: OperationRequest) -> CoreResult:
        """Run an operation within the time that it may take, and measure it."""
        seconds, meter = request.context.limits.seconds, request.context.runtime.meter
        with meter.graphql_operation(*operation.kind_and_name) as measurement:
            try:
                async with asyncio.timeout(seconds):
                    answer = await self._answer(operation, request)
            except TimeoutError:
                raise too_slow(seconds) from None
            measurement.result = result_of(answer)
        return answer

    async def _answer(self, operation: Operation, request: OperationRequest) -> CoreResult:
        execute = partial(self.execute_by_core, operation.document, request)
        prepared = self._prepared(operation, request) if self.runs_prepared else None
        answer = await (execute() if prepared is None else prepared.run(request, execute))
        if answer.errors:
            self.process_all_errors(answer.errors)
        return answer

    def _prepared(
        self, operation: Operation, request: OperationRequest
    ) -> PreparedOperation | None:
        """Return what the operation is prepared to; nobody who is not known has it prepared."""
        if not operation.is_prepared and request.context.caller is not None:
            _charged(request, partial(operation.prepare, self))
        return operation.prepared

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
class Subscription(ReleaseSubscriptions, InboxSubscriptions, AccountSubscriptions):
    pass


def _charged(request: OperationRequest, prepare: Callable[[], ResultT]) -> ResultT:
    """Prepare something once, and charge the caller for it."""
    # CPU time of this thread: the caller is not charged for what others do meanwhile.
    began = time.thread_time()
    try:
        return prepare()
    finally:
        seconds = time.thread_time() - began
        request.context.charge(seconds / PREPARATION_SECONDS_PER_OPERATION)


#: How names and scalars are converted.
CONFIG = StrawberryConfig(
    scalar_map=SCALARS, disable_field_suggestions=True, name_converter=CachingNameConverter()
)

schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=CONFIG,
    execution_context_class=BoundedExecution,
)
