"""The calls that wait for a batch (see `batching`), in lanes that take turns."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: A waiting call: what was submitted, and the future that its caller awaits.
Call = tuple[Item, "asyncio.Future[Result]"]
#: How much an item costs.
CostFunction = Callable[[Item], int]
#: How much of a lane the next batch may take; 0 or less: nothing yet. Called on any thread.
LaneCapacity = Callable[[Hashable], int]


@dataclass(slots=True)
class _Lane(Generic[Item, Result]):
    """The waiting calls of a lane, and what they cost, cancelled ones included."""

    calls: deque[Call[Item, Result]] = field(default_factory=deque)
    cost: int = 0


class WaitingCalls(Generic[Item, Result]):
    """The calls that wait, by lane. A batch is chosen on another thread than they are added on."""

    def __init__(
        self, cost: CostFunction[Item], lane_capacity: LaneCapacity, max_cost: int
    ) -> None:
        self._cost = cost
        self._lane_capacity = lane_capacity
        self._max_cost = max_cost
        #: In the order of their turns; a lane without calls is not there.
        self._lanes: dict[Hashable, _Lane[Item, Result]] = {}
        #: Held while the calls change.
        self._lock = Lock()

    @property
    def is_empty(self) -> bool:
        """No call waits."""
        return not self._lanes

    def cost_of(self, lane: Hashable) -> int:
        """What the calls of a lane cost that wait."""
        waiting = self._lanes.get(lane)
        return 0 if waiting is None else waiting.cost

    def add(self, call: Call[Item, Result], lane: Hashable) -> None:
        with self._lock:
            waiting = self._lanes.setdefault(lane, _Lane())
            waiting.calls.append(call)
            waiting.cost += self._cost(call[0])

    def is_any_ready(self) -> bool:
        """Whether a batch would take any call, or remove one whose caller has left."""
        with self._lock:
            return any(
                self._lane_capacity(lane) > 0 or waiting.calls[0][1].done()
                for lane, waiting in self._lanes.items()
            )

    def choose(self) -> list[Call[Item, Result]]:
        """Remove and return the calls of the next batch.

        Calls whose callers do not wait any more are removed and left out.
        """
        batch: list[Call[Item, Result]] = []
        batch_cost = 0
        with self._lock:
            turns = deque(self._lanes)
            free = Counter({lane: self._lane_capacity(lane) for lane in turns})
            while turns:
                lane = turns.popleft()
                call = self._first(lane)
                if call is None:
                    continue
                cost = self._cost(call[0])
                if batch and batch_cost + cost > self._max_cost:
                    break
                if free[lane] < (cost if batch else 1):
                    continue
                self._take_first(lane)
                free[lane] -= cost
                batch.append(call)
                batch_cost += cost
                turns.append(lane)
        return batch

    def _first(self, lane: Hashable) -> Call[Item, Result] | None:
        """The first call of a lane whose caller still waits; without one the lane is removed."""
        waiting = self._lanes.get(lane)
        if waiting is None:
            return None
        while waiting.calls and waiting.calls[0][1].done():
            self._remove_first(waiting)
        if waiting.calls:
            return waiting.calls[0]
        del self._lanes[lane]
        return None

    def _take_first(self, lane: Hashable) -> None:
        """Remove the first call of a lane, whose next turn is after those of the others."""
        waiting = self._lanes.pop(lane)
        self._remove_first(waiting)
        if waiting.calls:
            self._lanes[lane] = waiting

    def _remove_first(self, waiting: _Lane[Item, Result]) -> None:
        item, _ = waiting.calls.popleft()
        waiting.cost -= self._cost(item)
