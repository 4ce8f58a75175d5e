"""Writes mails to a folder instead of sending them, for a trial without a mail server."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

from notifications.channels.base import (
    ChannelContext,
    ChannelFailed,
    Outgoing,
    PermanentFailure,
    Undelivered,
)
from notifications.channels.mime import Mail, UnwritableAddressError, build, sender_of
from notifications.vocabulary import EMAIL

#: The prefix of `smtp_url` where it names a folder.
SCHEME = "log:"
DEFAULT_FOLDER = "mails"
SUFFIX = ".eml"


def folder_of(url: str) -> Path | None:
    """Return the folder that `log:FOLDER` names; None where the setting names a mail server."""
    if not url.startswith(SCHEME):
        return None
    return Path(url.removeprefix(SCHEME) or DEFAULT_FOLDER)


class MailFolderChannel:
    """Writes each mail to a file of its own, which only the service's user can read."""

    name = EMAIL

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender_of(sender)

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self | None:
        """Return the channel if `smtp_url` names a folder."""
        folder = folder_of(context.options.get("smtp_url", ""))
        try:
            return cls(folder, context.options["mail_from"]) if folder is not None else None
        except (KeyError, ValueError) as error:
            raise ChannelFailed(f"The channel {cls.name} cannot be used: {error}") from error

    def prepare(self, outgoing: Outgoing) -> Mail:
        """Build and serialise the mail."""
        try:
            return Mail(outgoing.address, build(outgoing, self._sender))
        except UnwritableAddressError as error:
            raise PermanentFailure(str(error)) from error

    async def send(self, prepared: Mail) -> None:
        """Write the mail to the folder.

        Raises:
            Undelivered: The folder cannot be written to.
        """
        await self.submit(prepared)

    async def submit(self, prepared: Mail) -> str:
        """Write the mail to the folder, and return a sentence that says where."""
        try:
            return f"kept as {self._write(prepared.content)}"
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Undelivered(f"the mail cannot be kept in {self._folder}: {reason}") from error

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    def _write(self, content: bytes) -> Path:
        """Write a file whose name sorts by time; it appears in the folder once it is whole."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z-{uuid4().hex[:8]}{SUFFIX}"
        unfinished = file.with_suffix(".tmp")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        unfinished.replace(file)
        return file
