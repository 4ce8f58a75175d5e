"""Mails that are kept in a folder instead of being sent."""

from __future__ import annotations

import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from notifications.channels import loading
from notifications.channels.base import ChannelContext, PermanentFailure, Undelivered
from notifications.channels.mail_folder import MailFolderChannel, folder_of
from notifications.channels.webhook import WebhookChannel
from tests.support.mails import SENDER, outgoing


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("log:", Path("mails")),
        ("log:kept", Path("kept")),
        ("log:/data/mails", Path("/data/mails")),
        ("smtp://mx.example.com", None),
        ("smtp://log:25", None),
    ],
)
def test_a_folder_is_named_in_place_of_a_server(url: str, folder: Path | None) -> None:
    assert folder_of(url) == folder


@pytest.mark.anyio
async def test_each_mail_is_a_file_that_only_this_user_reads(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "mails"
    channel = MailFolderChannel(folder, SENDER)
    for address in ("ann@example.com", "bob@example.com"):
        await channel.send(channel.prepare(outgoing(address)))
    await channel.close()

    files = sorted(folder.iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    mails = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    assert [mail["To"].addresses[0].addr_spec for mail in mails] == [
        "ann@example.com",
        "bob@example.com",
    ]
    assert mails[0]["From"] == SENDER


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_written_to_leaves_the_mail_to_a_later_try(
    tmp_path: Path,
) -> None:
    (tmp_path / "mails").write_text("a file")
    channel = MailFolderChannel(tmp_path / "mails", SENDER)
    with pytest.raises(Undelivered, match=r"cannot be kept in .*mails: File exists") as raised:
        await channel.send(channel.prepare(outgoing()))
    assert not isinstance(raised.value, PermanentFailure)


def test_it_takes_the_place_of_the_mail_server() -> None:
    options = {"smtp_url": "log:kept", "mail_from": SENDER}
    channels = loading.load_channels(ChannelContext(options, lambda purpose: bytes(32)))
    kinds = {name: type(channel) for name, channel in channels.items()}
    assert kinds == {"email": MailFolderChannel, "webhook": WebhookChannel}
