"""Finds the built-in channels, and those that other distributions add."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from notifications.channels.base import Channel, ChannelContext, ChannelFailed

#: A distribution adds a channel by naming its class here.
ENTRY_POINTS = "countersign.channels"


def load_channels(context: ChannelContext) -> dict[str, Channel[Any]]:
    """Return every configured channel by its name.

    Raises:
        ChannelFailed: A channel cannot be loaded or is misconfigured.
    """
    channels: dict[str, Channel[Any]] = {}
    for entry in sorted(set(entry_points(group=ENTRY_POINTS)), key=lambda entry: entry.value):
        channel = _build(entry, context)
        if channel is None:
            continue
        if channel.name in channels:
            raise ChannelFailed(f"Two channels are named {channel.name}.")
        # Deliveries and preferences list names with spaces between them.
        if not channel.name or channel.name != "".join(channel.name.split()):
            raise ChannelFailed(f"The channel {entry.name} ({entry.value}) has no proper name.")
        channels[channel.name] = channel
    return channels


def _build(entry: EntryPoint, context: ChannelContext) -> Channel[Any] | None:
    try:
        kind: type[Channel[Any]] = entry.load()
    except (ImportError, AttributeError) as error:
        message = f"The channel {entry.name} ({entry.value}) cannot be loaded: {error}."
        raise ChannelFailed(message) from error
    return kind.from_context(context)
