"""What people want to be told."""

from __future__ import annotations

import strawberry

from api.graphql.types.message_enums import MessageKind


@strawberry.type(description="By which ways a person is told one kind of message.")
class NotificationPreference:
    kind: MessageKind = strawberry.field(description="What the message says.")
    channels: list[str] = strawberry.field(
        description="Names of channels, like `email`; empty where it is silenced."
    )
