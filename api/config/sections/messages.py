"""Settings of messages to people and webhooks."""

from __future__ import annotations

from pydantic import BaseModel, DirectoryPath, Field, SecretStr


class MessagesSection(BaseModel):
    """Messages to people and webhooks, and the links in them."""

    webhook_allow_private: bool = Field(
        default=False,
        description="Let webhooks go to private addresses, and without TLS. Without it only https"
        " to the public internet: whoever manages an account could otherwise reach into your"
        " network. For networks that are closed anyway.",
    )
    channel_options: SecretStr | None = Field(
        default=None,
        description="Options of channels that other packages add, as a JSON object of texts.",
        examples=['{"chat_token": "..."}'],
    )
    templates: DirectoryPath | None = Field(
        default=None,
        description="A folder with mail templates of your own, laid out as"
        " notifications/content/templates is: a file there replaces ours of that name."
        " What is in its folders named by an account's id is for that account alone.",
        examples=["/etc/countersign/templates"],
    )
    delivery_retry_hours: float = Field(
        default=48,
        gt=0,
        le=24 * 30,
        description="For how many hours a message is tried again that a server refuses for the"
        " moment.",
    )
    delivery_retention_days: int = Field(
        default=90,
        ge=0,
        description="For how many days a settled delivery can still be seen; 0: for ever.",
    )
    link_days: int = Field(
        default=14,
        ge=2,
        le=365,
        description="For how many days the link in a request for approval works, at most until the"
        " release's window ends. Whoever has not decided by then gets another in time.",
    )
    reminder_share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="How often those who have not decided are reminded: each time that this part of"
        " the time from their last message to the start of the release has passed, but at most once"
        " a day, and not at night in their time zone.",
    )
