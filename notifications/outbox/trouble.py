"""The event of messages that do not arrive, which the account's administrators see."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.events import Event
from notifications.vocabulary import WEBHOOK


@dataclass(frozen=True, kw_only=True)
class DeliveryTroubleReported(Event):
    """Messages on one channel could not be sent for a while, or failed for good."""

    tag = "delivery:trouble:reported"
    kind = "Account"
    #: The channel of the messages.
    channel: str
    #: How many are tried again, and have not been reported before.
    failing: int
    #: How many were given up since the last report.
    failed: int

    @property
    def is_about_webhooks(self) -> bool:
        """Whether the messages that do not arrive are those of webhooks."""
        return self.channel == WEBHOOK
