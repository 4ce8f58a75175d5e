"""The demo's mailbox: mail comes in over a real socket, and is read as pages and as JSON."""

from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage

import aiosmtplib
import pytest
from starlette.testclient import TestClient

from api.demo.mailbox import Mailbox, smtp_server
from api.web.mailbox.mailbox_app import mailbox_app

ALICE, BOB = "alice@example.com", "bob@example.com"
SCRIPT = "<script>alert('boo')</script>"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(max_mails=3)


@pytest.fixture
async def port(mailbox: Mailbox) -> AsyncIterator[int]:
    async with smtp_server(mailbox, host="127.0.0.1") as port:
        yield port


@pytest.fixture
def browser(mailbox: Mailbox) -> Iterator[TestClient]:
    with TestClient(mailbox_app(mailbox)) as client:
        yield client


def mail(
    *to: str, subject: str = "Please approve", text: str = "Hello", html: str | None = None
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Countersign <countersign@example.com>"
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def receive(mailbox: Mailbox, message: EmailMessage) -> str:
    recipients = str(message["To"]).split(", ")
    return mailbox.receive(
        message.as_bytes(), sender="countersign@example.com", recipients=recipients
    ).id


async def send(
    port: int,
    message: EmailMessage | bytes,
    *,
    sender: str | None = None,
    recipients: list[str] | None = None,
) -> None:
    await aiosmtplib.send(
        message,
        sender=sender,
        recipients=recipients,
        hostname="127.0.0.1",
        port=port,
        start_tls=False,
    )


async def test_mail_from_the_wire_is_read_back_whole(port: int, browser: TestClient) -> None:
    await send(port, mail(ALICE, subject="Grüße ☂", text="Hello", html="<p>Hello</p>"))

    (message,) = browser.get("/api/messages").json()

    assert message["id"] == "1"
    assert message["to"] == [ALICE]
    assert message["from"] == "countersign@example.com"
    assert message["subject"] == "Grüße ☂"
    assert message["text"].strip() == "Hello"
    assert message["html"].strip() == "<p>Hello</p>"
    assert ["From", "Countersign <countersign@example.com>"] in message["headers"]
    assert browser.get("/api/messages/1").json() == message


async def test_the_recipient_is_whom_it_was_sent_to_not_whom_it_names(
    port: int, browser: TestClient
) -> None:
    await send(port, mail("everybody@example.com"), recipients=[BOB])

    assert browser.get("/api/messages").json()[0]["to"] == [BOB]


async def test_mail_that_is_too_large_is_refused_and_not_kept(port: int, mailbox: Mailbox) -> None:
    with pytest.raises(aiosmtplib.SMTPResponseException, match="size"):
        await send(port, mail(ALICE, text="x" * 6_000_000))

    assert mailbox.newest_first() == []


async def test_mail_that_cannot_be_parsed_is_refused_and_the_next_is_kept(
    port: int, mailbox: Mailbox
) -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(2000)
    )
    with pytest.raises(aiosmtplib.SMTPResponseException):
        await send(port, nested, sender=BOB, recipients=[ALICE])

    await send(port, mail(ALICE))

    assert len(mailbox.newest_first()) == 1


def test_only_the_newest_are_kept_and_come_first(mailbox: Mailbox, browser: TestClient) -> None:
    for number in range(1, 6):
        receive(mailbox, mail(ALICE, subject=f"Number {number}"))

    subjects = [message["subject"] for message in browser.get("/api/messages").json()]

    assert subjects == ["Number 5", "Number 4", "Number 3"]
    assert browser.get("/api/messages/1").status_code == 404


def test_the_list_is_narrowed_to_a_recipient(mailbox: Mailbox, browser: TestClient) -> None:
    receive(mailbox, mail(ALICE, subject="For Alice"))
    receive(mailbox, mail(ALICE, BOB, subject="For both"))

    page = browser.get("/", params={"to": "BOB@example.com"}).text

    assert "For both" in page
    assert "For Alice" not in page
    assert mailbox.recipients() == {ALICE: 2, BOB: 1}
    assert len(browser.get("/api/messages", params={"to": ALICE}).json()) == 2


def test_a_message_page_shows_envelope_text_headers_and_the_framed_mail(
    mailbox: Mailbox, browser: TestClient
) -> None:
    message_id = receive(mailbox, mail(ALICE, text="In plain words", html="<b>In bold</b>"))

    page = browser.get(f"/messages/{message_id}").text

    assert "Please approve" in page
    assert "In plain words" in page
    assert "Countersign &lt;countersign@example.com&gt;" in page
    assert "<b>In bold</b>" not in page
    assert f'/messages/{message_id}/html"' in page
    assert "allow-scripts" not in page


def test_the_source_is_given_as_it_was_received(mailbox: Mailbox, browser: TestClient) -> None:
    message = mail(ALICE, html="<p>Hello</p>")
    message_id = receive(mailbox, message)

    source = browser.get(f"/messages/{message_id}/raw")

    assert source.content == message.as_bytes()
    assert source.headers["content-type"] == "text/plain; charset=utf-8"
    assert source.headers["x-content-type-options"] == "nosniff"


def test_links_of_a_mail_open_in_a_new_tab(mailbox: Mailbox, browser: TestClient) -> None:
    message_id = receive(mailbox, mail(ALICE, html='<base target="_top"><a href="/x">View</a>'))

    assert browser.get(f"/messages/{message_id}/html").text.startswith(
        '<!doctype html><base target="_blank">'
    )


def test_a_hostile_mail_is_words_on_our_pages_and_powerless_in_its_frame(
    mailbox: Mailbox, browser: TestClient
) -> None:
    message_id = receive(mailbox, mail(ALICE, subject=SCRIPT, text=SCRIPT, html=SCRIPT))

    for path in ("/", f"/messages/{message_id}", f"/?to={SCRIPT}"):
        page = browser.get(path)
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "script-src" not in page.headers["content-security-policy"]

    framed = browser.get(f"/messages/{message_id}/html").headers["content-security-policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in framed.split("; ")
    assert "default-src 'none'" in framed
    assert "script" not in framed


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"", "", ""),
        (b"Subject: =?utf-8?b?4p?=\r\n\r\nx", "=?utf-8?b?4p?=", "x"),
        (b"Subject: =?nope?q?x?=\r\n\r\nx", "=?nope?q?x?=", "x"),
        (b"Subject: two\r\n lines\r\n\r\nx", "two lines", "x"),
        (b"Subject: \xff\r\n\r\n\xff", "\N{REPLACEMENT CHARACTER}", "\N{REPLACEMENT CHARACTER}"),
        (b"Content-Type: text/plain; charset=nope\r\n\r\nx", "", "x"),
        (b"Content-Type: text/plain; charset=idna\r\n\r\na..b", "", "a..b"),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary", "", None),
    ],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(
    mailbox: Mailbox, browser: TestClient, raw: bytes, subject: str, text: str | None
) -> None:
    message_id = mailbox.receive(raw, sender=BOB, recipients=[ALICE]).id

    message = browser.get(f"/api/messages/{message_id}").json()

    assert (message["subject"], message["text"]) == (subject, text)
    assert browser.get("/").status_code == 200
    assert browser.get(f"/messages/{message_id}").status_code == 200


@pytest.mark.parametrize("path", ["/messages/7", "/messages/7/html", "/messages/7/raw", "/nowhere"])
def test_what_is_not_there_is_a_page_that_says_so(browser: TestClient, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 404
    assert "Back to the mailbox" in answer.text


def test_a_message_without_html_has_no_frame(mailbox: Mailbox, browser: TestClient) -> None:
    message_id = receive(mailbox, mail(ALICE))

    assert "<iframe" not in browser.get(f"/messages/{message_id}").text
    assert browser.get(f"/messages/{message_id}/html").status_code == 404
