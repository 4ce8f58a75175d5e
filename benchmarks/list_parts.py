"""What the time of a list goes into: the same answer, with ever more of its layers left out.

All but the whole of it in this process, where no HTTP is between.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
import uvloop

from api.graphql.context import Context
from api.graphql.http.answers import encode
from api.graphql.schema import schema
from api.runtime.runtime import Runtime
from benchmarks.clients.graphql_http import RequestTemplate, seconds
from benchmarks.comparison import Run
from engine.model.principal import Principal

TIMES = 30
WHOLE, WITHOUT_HTTP = "the whole of it, over HTTP", "the same without HTTP, from a parsed document"
EXECUTION = "of that graphql-core and Strawberry, of things already read"
READING = "of that the reading: statements, rows made into things, the hop to a thread"
STATEMENTS = "of the reading the statements alone, by the bare driver"
JSON = "JSON of the answer"
REST = "the rest of the whole: HTTP, and who is asking"


@dataclass(slots=True)
class CachingRuntime:
    """A runtime that reads once, and keeps the query and its answer."""

    runtime: Runtime
    query: Callable[[Any], Any] | None = None
    answer: Any = None

    @property
    def meter(self) -> Any:
        """Counts as ever."""
        return self.runtime.meter

    async def read(self, principal: Principal, query: Callable[[Any], Any]) -> Any:
        """In place of the runtime's."""
        if self.query is None:
            self.query, self.answer = query, await self.runtime.read(principal, query)
        return self.answer


@dataclass(slots=True)
class Parts:
    """A list that can be answered in part."""

    runtime: Runtime
    principal: Principal
    question: RequestTemplate
    _known: CachingRuntime = field(init=False)
    _data: Any = field(init=False)
    #: Every statement with its parameters.
    _statements: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Ask once, and keep what there was on the way."""
        self._known = CachingRuntime(self.runtime)
        sa.event.listen(sa.Engine, "before_cursor_execute", self._keep)
        self._data = uvloop.run(self._answer(self._known))
        sa.event.remove(sa.Engine, "before_cursor_execute", self._keep)

    def sides(self) -> Mapping[str, Run]:
        """Milliseconds an answer, by its part."""
        return {
            WHOLE: lambda: seconds([self.question] * TIMES) * 1000,
            WITHOUT_HTTP: lambda: _milliseconds(lambda: self._answer(self.runtime)),
            EXECUTION: lambda: _milliseconds(lambda: self._answer(self._known)),
            READING: lambda: _milliseconds(self._read),
            STATEMENTS: self._stated,
            JSON: lambda: _milliseconds(self._encoded),
        }

    def _keep(self, _c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        # They are executed again in a transaction of their own.
        if not statement.startswith(("BEGIN", "SET")):
            self._statements.append((statement, parameters))

    async def _answer(self, runtime: Runtime | CachingRuntime) -> Any:
        async def look_up(*_: Any, **__: Any) -> Principal:
            return self.principal

        context = Context(cast(Runtime, runtime), self.principal, look_up)
        result = await schema.execute(self.question.query, context_value=context)
        assert not result.errors, result.errors
        return result.data

    async def _read(self) -> None:
        assert self._known.query is not None
        await self.runtime.read(self.principal, self._known.query)

    def _stated(self) -> float:
        with self.runtime.system.database.reading() as connection:
            cursor = connection.connection.cursor()
            began = time.perf_counter()
            for _ in range(TIMES):
                for statement, parameters in self._statements:
                    cursor.execute(statement, parameters)
                    cursor.fetchall()
            return (time.perf_counter() - began) / TIMES * 1000

    async def _encoded(self) -> None:
        encode({"data": self._data})


def with_the_rest(figures: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """What is left of the whole in each round."""
    rounds = zip(figures[WHOLE], figures[WITHOUT_HTTP], figures[JSON], strict=True)
    return {**figures, REST: [whole - without - encoded for whole, without, encoded in rounds]}


def _milliseconds(work: Callable[[], Awaitable[Any]]) -> float:
    async def again() -> float:
        began = time.perf_counter()
        for _ in range(TIMES):
            await work()
        return (time.perf_counter() - began) / TIMES * 1000

    return uvloop.run(again())
