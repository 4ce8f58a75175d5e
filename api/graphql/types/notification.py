"""What people want to be told."""

from __future__ import annotations

import strawberry

from api.graphql.types.message_enums import MessageKind


@strawberry.type(description="The channels through which a person receives one kind of message.")
class NotificationPreference:
    kind: MessageKind = strawberry.field(
        description="The kind of message that the choice is about."
    )
    channels: list[str] = strawberry.field(
        description="The names of the chosen channels, like `email`; the list is empty if"
        " the kind is silenced."
    )
