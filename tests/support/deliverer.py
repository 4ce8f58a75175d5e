"""A relay without a network: takes what is due, and decides for each message what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Row

from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.settling import DeliveryResult, settle_deliveries
from tests.support.world import World

#: The error that a message meets; None: it is sent.
Fault = Callable[[Row[Any]], str | None]


def none(_: Row[Any]) -> None:
    """Everything is sent."""


@dataclass
class Deliverer:
    """Keeps what was sent, in the order it was sent in."""

    world: World
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    sent: list[Row[Any]] = field(default_factory=list)

    def run(self, fault: Fault = none, *, final: bool = False) -> list[str]:
        """Everything that is due is tried once; answers the kinds of what was sent now."""
        before = len(self.sent)
        while rows := claim_deliveries(self.world.system, ClaimRequest(limit=99), self.policy):
            outcomes = [DeliveryResult(delivery=row, error=fault(row), final=final) for row in rows]
            settle_deliveries(self.world.system, outcomes, self.policy)
            self.sent += [one.delivery for one in outcomes if one.error is None]
        return [row.kind for row in self.sent[before:]]

    def kinds_for(self, name: str, release_id: Any = None) -> list[str]:
        """The kinds of what one person was sent, in order."""
        return [row.kind for row in self._of(name, release_id)]

    def files(self, name: str, release_id: Any = None) -> list[tuple[int, str, str]]:
        """(sequence, how sure, end) of the calendar files that one person was sent, in order."""
        found = [orjson.loads(row.calendar) for row in self._of(name, release_id) if row.calendar]
        return [(f["sequence"], f["shown"]["status"], f["shown"]["ends_at"]) for f in found]

    def _of(self, name: str, release_id: Any) -> list[Row[Any]]:
        whose = self.world.people[name]
        return [
            row
            for row in self.sent
            if row.user_id == whose and release_id in (None, row.release_id)
        ]
