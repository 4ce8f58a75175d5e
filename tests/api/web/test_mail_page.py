"""The page that shows the mails which are kept in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from starlette.testclient import TestClient

from api.web.mailbox.mail_folder_app import MailFolder, mail_page_app
from notifications.channels.mail_folder import MailFolderChannel
from tests.support.mails import SENDER, outgoing

HERE = "http://127.0.0.1:8025"
PUBLIC = "https://countersign.example.com"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mails"


@pytest.fixture
def browser(folder: Path) -> Iterator[TestClient]:
    with TestClient(mail_page_app(MailFolder(folder, shown=2), PUBLIC, None), HERE) as client:
        yield client


def keep(folder: Path, *addresses: str) -> None:
    channel = MailFolderChannel(folder, SENDER)

    async def send() -> None:
        for address in addresses:
            await channel.send(channel.prepare(outgoing(address)))

    anyio.run(send)


def test_before_the_first_mail_the_page_is_empty(browser: TestClient) -> None:
    assert browser.get("/api/messages").json() == []
    assert browser.get("/").status_code == 200


def test_the_newest_mails_are_shown_and_those_for_one_address(
    browser: TestClient, folder: Path
) -> None:
    keep(folder, "ann@example.com", "bob@example.com", "cleo@example.com")
    messages = browser.get("/api/messages").json()
    assert [message["to"] for message in messages] == [["cleo@example.com"], ["bob@example.com"]]
    assert messages[0]["from"] == "countersign@example.com"
    assert messages[0]["text"] == "Hello\r\n"
    (found,) = browser.get("/api/messages?to=BOB@example.com").json()
    assert browser.get(f"/api/messages/{found['id']}").json() == found
    assert "bob@example.com" in browser.get("/").text
    assert "ann@example.com" not in browser.get("/").text


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fsecret", "secret", "*", ""])
def test_no_other_file_can_be_reached(browser: TestClient, folder: Path, name: str) -> None:
    keep(folder, "ann@example.com")
    (folder.parent / "secret.eml").write_text("Subject: secret\n\n")
    (folder / "secret").write_text("Subject: secret\n\n")
    answer = browser.get(f"/messages/{name}/raw")
    assert answer.status_code == 404
    assert "secret\n" not in answer.text


def test_a_page_of_another_site_that_was_pointed_here_reads_nothing(
    browser: TestClient, folder: Path
) -> None:
    keep(folder, "ann@example.com")
    for path in ("/", "/api/messages"):
        answer = browser.get(path, headers={"Host": "attacker.example:8025"})
        assert answer.status_code == 421
        assert "ann@example.com" not in answer.text
    assert browser.get("/", headers={"Host": "countersign.example.com"}).status_code == 200


def test_what_is_no_mail_is_shown_as_it_is(browser: TestClient, folder: Path) -> None:
    folder.mkdir()
    (folder / "20300101T000000.000000Z-0.eml").write_bytes(b"\xff\x00 no mail")
    (message,) = browser.get("/api/messages").json()
    assert (message["from"], message["to"]) == ("", [])
    (folder / "20300101T000001.000000Z-1.eml").mkdir()
    assert len(browser.get("/api/messages").json()) == 1
