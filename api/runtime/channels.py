"""Builds the configured channels, which send messages to people and webhooks, out of settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.config.settings import Settings
from notifications.channels.base import Channel, ChannelContext, ChannelFailed
from notifications.channels.loading import load_channels
from notifications.channels.mail_folder import MailFolderChannel, folder_of
from notifications.channels.smtp import SmtpChannel
from notifications.channels.webhook import ALLOW_PRIVATE
from notifications.channels.webhook_secrets import PURPOSE
from notifications.links import action_links
from notifications.links.keys import ACTION_LINKS, derive
from notifications.vocabulary import WEBHOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSettings:
    """What relays and the commands about messages need."""

    channels: Mapping[str, Channel[Any]] = field(default_factory=dict)
    link_key: bytes = field(repr=False)
    link_lifetime: timedelta = action_links.LIFETIME
    webhook_key: bytes = field(repr=False)
    #: Webhooks may go to private addresses, and without TLS.
    allow_private: bool = False

    @property
    def personal(self) -> frozenset[str]:
        """The channels that people can choose."""
        return frozenset(self.channels) - {WEBHOOK}


def build_message_settings(settings: Settings) -> MessageSettings:
    """Build the channels and keys out of settings.

    Raises:
        ChannelFailed: A channel is misconfigured.
    """

    def key(purpose: str) -> bytes:
        return derive(settings.secret_key.get_secret_value(), purpose)

    return MessageSettings(
        channels=load_channels(ChannelContext(channel_options(settings), key)),
        link_key=key(ACTION_LINKS),
        link_lifetime=timedelta(days=settings.link_days),
        webhook_key=key(PURPOSE),
        allow_private=settings.webhook_allow_private,
    )


def mail_channel(
    settings: Settings, *, connections: int = 16, timeout_seconds: float = 20
) -> SmtpChannel | MailFolderChannel:
    """Return the channel for mails that do not pass the outbox: sign-in mails and test mails."""
    url = settings.smtp_url.get_secret_value()
    folder = folder_of(url)
    if folder is not None:
        return MailFolderChannel(folder, settings.mail_from)
    return SmtpChannel(url, settings.mail_from, connections=connections, timeout=timeout_seconds)


def channel_options(settings: Settings) -> dict[str, str]:
    """Return the options of all channels: those of this tree, and those of installed packages."""
    return {
        **_further_options(settings),
        "smtp_url": settings.smtp_url.get_secret_value(),
        "mail_from": settings.mail_from,
        "public_url": settings.public_url,
        ALLOW_PRIVATE: "true" if settings.webhook_allow_private else "false",
    }


def _further_options(settings: Settings) -> dict[str, str]:
    text = settings.channel_options
    try:
        options = json.loads(text.get_secret_value()) if text is not None else {}
    except ValueError:
        options = None
    if not isinstance(options, dict) or not all(isinstance(v, str) for v in options.values()):
        message = "COUNTERSIGN_CHANNEL_OPTIONS must be a JSON object of texts."
        raise ChannelFailed(message)
    return options
