"""What every resolver does: read in one hop to a thread, and answer refusals as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import api.graphql.loaders  # noqa: F401 - registers them
from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import UserError, to_graphql_error
from api.graphql.prefetch import prefetch
from api.graphql.selection import Selection, selection_of
from api.graphql.strawberry_compat import to_camel_case
from api.runtime.runtime import Runtime
from engine.commands.command import Command
from engine.model.errors import Refusal, RevisionConflict
from engine.model.principal import Principal
from engine.queries.context import QueryContext

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)
ResultT_contra = TypeVar("ResultT_contra", contravariant=True)
PayloadT = TypeVar("PayloadT", bound="HasErrors")
PayloadT_co = TypeVar("PayloadT_co", bound="HasErrors", covariant=True)


class HasErrors(Protocol):
    """A payload, as far as it is told why nothing was done."""

    errors: list[UserError]


class CommandInput(Protocol[ResultT_co]):
    """The input of a mutation that is one command."""

    def to_command(self, runtime: Runtime, principal: Principal) -> Command[ResultT_co]:
        """Return the command that the input describes."""
        ...


class PayloadClass(Protocol[ResultT_contra, PayloadT_co]):
    """A payload's class, which makes payloads from the result of a command."""

    def __call__(self, *, errors: list[UserError]) -> PayloadT_co:
        """Return the payload of a refusal."""
        ...

    def without_reading(self, result: ResultT_contra, selection: Selection) -> PayloadT_co | None:
        """Return the payload if the result alone has all that is selected."""
        ...

    def read_back(self, cache: EntityCache, result: ResultT_contra) -> PayloadT_co:
        """Return the payload with what the command changed, read again."""
        ...


async def run_query(
    info: Info,
    query: Callable[Concatenate[EntityCache, Selection, P], ResultT],
    *args: P.args,
    **kwargs: P.kwargs,
) -> ResultT:
    """Answer a query: call `query` and read ahead what is selected, in one transaction.

    Raises:
        GraphQLError: The query was refused.
    """
    context = info.context
    principal, selection = context.principal, selection_of(info)

    def read(reading: QueryContext) -> ResultT:
        cache = EntityCache(reading)
        result = query(cache, selection, *args, **kwargs)
        prefetch(cache, result if isinstance(result, list) else [result], selection)
        return result

    try:
        return await context.runtime.read(principal, read)
    except Refusal as refusal:
        raise to_graphql_error(refusal) from refusal


async def run_mutation(
    info: Info, input: CommandInput[ResultT], payload: PayloadClass[ResultT, PayloadT]
) -> PayloadT:
    """Run the command that an input describes, and return its payload.

    Args:
        info: The resolver's own.
        input: What makes the command; a refusal of it is data, too.
        payload: The payload's class, which reads back what the command changed.
    """
    return await run_action(info, input, partial(_execute, input.to_command), payload)


async def run_action(
    info: Info,
    input: object,
    act: Callable[[Runtime, Principal], Awaitable[ResultT]],
    payload: PayloadClass[ResultT, PayloadT],
) -> PayloadT:
    """Do what is no single command, and return its payload: a refusal is data.

    Args:
        info: The resolver's own.
        input: What the paths of refusals lead through.
        act: What is done.
        payload: The payload's class.
    """
    context = info.context
    # Who reads is who asked; the credential may end by what the action does.
    reader, selection = context.principal, selection_of(info)
    try:
        result = await act(context.runtime, await context.principal_of_change())
        known = payload.without_reading(result, selection)
        if known is not None:
            return known
        return await context.runtime.read(reader, partial(_read_back, payload, result, selection))
    except RevisionConflict as conflict:
        current = partial(_read_back, payload, cast(ResultT, conflict.subject_id), selection)
        answer = await context.runtime.read(reader, current)
        answer.errors = UserError.of_all(conflict, input)
        return answer
    except Refusal as refusal:
        return payload(errors=UserError.of_all(refusal, input))


async def _execute(
    to_command: Callable[[Runtime, Principal], Command[ResultT]],
    runtime: Runtime,
    principal: Principal,
) -> ResultT:
    return await runtime.execute(principal, to_command(runtime, principal))


def _read_back(
    payload: PayloadClass[ResultT, PayloadT],
    result: ResultT,
    selection: Selection,
    reading: QueryContext,
) -> PayloadT:
    cache = EntityCache(reading)
    answer: Any = payload.read_back(cache, result)
    for field in fields(answer):
        value = getattr(answer, field.name)
        objects: Iterable[Any] = value if isinstance(value, list) else [value]
        prefetch(cache, objects, selection.into(to_camel_case(field.name)))
    typed: PayloadT = answer
    return typed
