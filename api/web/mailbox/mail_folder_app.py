"""Shows the mails that are kept in a folder instead of being sent."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path

from starlette.types import ASGIApp

from api.web.http.hosts import KnownHosts
from api.web.mailbox.caught_mail import CaughtMail, count_recipients, parse
from api.web.mailbox.mailbox_app import mailbox_app
from notifications.channels.mail_folder import SUFFIX

#: How many of the newest mails are shown.
SHOWN = 500


class MailFolder:
    """The newest mails of a folder, as the files that the channel writes."""

    def __init__(self, folder: Path, *, shown: int = SHOWN) -> None:
        self._folder = folder
        self._shown = shown

    def newest_first(self, *, to: str | None = None) -> list[CaughtMail]:
        """Return all mails, or those for one address, the newest first."""
        messages = [message for file in self._files() if (message := _read(file)) is not None]
        return messages if to is None else [message for message in messages if message.is_for(to)]

    def find(self, message_id: str) -> CaughtMail | None:
        """Return a mail by the name of its file; no other file can be read."""
        file = next((file for file in self._files() if file.stem == message_id), None)
        return _read(file) if file is not None else None

    def recipients(self) -> dict[str, int]:
        """Return how many mails each recipient has, by address."""
        return count_recipients(self.newest_first())

    def _files(self) -> list[Path]:
        # Their names begin with the instant at which they were written.
        return sorted(self._folder.glob(f"*{SUFFIX}"), reverse=True)[: self._shown]


def mail_page_app(folder: MailFolder, public_url: str, allowed_hosts: str | None) -> ASGIApp:
    """Return the page as an application that answers only for the hosts of this service."""
    return KnownHosts(mailbox_app(folder), public_url=public_url, others=allowed_hosts)


def _read(file: Path) -> CaughtMail | None:
    """Return a mail; None if its file was deleted meanwhile or cannot be read."""
    try:
        raw, written_at = file.read_bytes(), file.stat().st_mtime
    except OSError:
        return None
    mime = message_from_bytes(raw)
    senders, recipients = (
        tuple(
            address for _, address in getaddresses([str(value) for value in mime.get_all(name, [])])
        )
        for name in ("From", "To")
    )
    return parse(
        raw,
        message_id=file.stem,
        received_at=datetime.fromtimestamp(written_at, UTC),
        sender=senders[0] if senders else "",
        recipients=recipients,
    )
