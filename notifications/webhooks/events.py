"""The events of webhooks themselves, of which administrators are notified."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.events import Administered


@dataclass(frozen=True, kw_only=True)
class WebhookCreated(Administered):
    """A webhook was created; the event does not hold its secret."""

    tag = "webhook:created"
    kind = "Webhook"


@dataclass(frozen=True, kw_only=True)
class WebhookUpdated(Administered):
    """A webhook's name, address, tags or state changed."""

    tag = "webhook:updated"
    kind = "Webhook"


@dataclass(frozen=True, kw_only=True)
class WebhookSecretRotated(Administered):
    """A webhook got another secret."""

    tag = "webhook:secret:rotated"
    kind = "Webhook"


@dataclass(frozen=True, kw_only=True)
class WebhookDisabled(Administered):
    """A webhook was switched off, since its receiver said that it is gone."""

    tag = "webhook:disabled"
    kind = "Webhook"
