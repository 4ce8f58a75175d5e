"""Mails are joined by hand: byte for byte as the standard library's package would write them."""

import base64
import quopri
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import Outgoing
from notifications.channels.mime import ALTERNATIVE, MIXED, POLICY, build, sender_of
from notifications.content.icalendar import calendar_file
from notifications.content.message import Parts, RenderedMessage
from tests.support.calendar_files import stored_calendar
from tests.support.mails import message_of

SENDERS = [
    "Countersign <countersign@example.com>",
    "countersign@mail.example.com",
    '"Müller, Söhne & Co" <sign@xn--mller-kva.example>',
    f"{'A very long name ' * 8}<c@{'sub.' * 20}example.com>",
]
#: One line, as guards and templates leave it.
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)
NASTY = [
    "",
    "\n",
    "\r",
    "a\rb\r\nc\n\rd",
    ".\n.\r\n..",
    "trailing \nand\t\n \n",
    "From here\nFrom there\n",
    "x" * 2000,
    "ü" * 500,
    "= =3D =\n=_countersign_alternative",
    f"--{ALTERNATIVE}\n--{ALTERNATIVE}--\n\nContent-Type: text/html\n\nevil",
    f"\r\n--{MIXED}\r\nBcc: eve@example.com\r\n\r\n",
    f"\n--{MIXED}--\n",
    "\x00\x0b\x0c\x1c\x85\u2028\u2029\ufeff",
    "\U0001f511 e\u0301 \u202e",
]
SUBJECTS = [
    "Hello",
    "",
    "x",
    "a" * 60,
    "a" * 61,
    "a" * 400,
    "word " * 60 + "end",
    "two  spaces",
    "tab\there",
    " leading",
    "=?utf-8?q?=0D=0ABcc:_eve@example.com?=",
    "=?",
    "a=?b?=",
    'Bcc: eve@example.com, "quoted" <eve@example.com>; (comment) \\',
    "Falcon 1.0 ist genehmigt \u2013 äöü",
    "ü" * 200,
    "\U0001f511" * 40,
    "nbsp\u00a0here",
]


def the_packages(outgoing: Outgoing, sender: Address) -> EmailMessage:
    """The same mail, but for `To`, by `EmailMessage` alone."""
    mail, message = EmailMessage(policy=POLICY), outgoing.message
    mail["Message-ID"] = f"<{outgoing.delivery_id}@{sender.domain}>"
    mail["From"] = sender
    mail["Subject"] = message.subject.replace("=?", "=\u2060?")
    mail["Date"] = outgoing.created_at
    if outgoing.release_id is not None:
        thread = f"<release.{outgoing.release_id}@{sender.domain}>"
        mail["In-Reply-To"] = thread
        mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["MIME-Version"] = "1.0"
    mail.make_alternative(boundary=ALTERNATIVE)
    for subtype, text in (("plain", message.text), ("html", message.html)):
        part = EmailMessage(policy=POLICY)
        part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(quopri.encodestring(text.encode()).decode("ascii"))
        mail.attach(part)
    if message.calendar is not None:
        mail.make_mixed(boundary=MIXED)
        part = EmailMessage(policy=POLICY)
        part["Content-Type"] = 'text/calendar; method=PUBLISH; charset="utf-8"'
        part["Content-Disposition"] = 'attachment; filename="release.ics"'
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(base64.encodebytes(message.calendar.encode()).decode("ascii"))
        mail.attach(part)
    return mail


def outgoing_with(subject: str) -> Outgoing:
    """A delivery with this subject."""
    return Outgoing(
        delivery_id=UUID(int=7),
        created_at=datetime(2030, 6, 3, 12, tzinfo=UTC),
        address="ann@example.com",
        name="Ann",
        message=message_of(subject=subject),
    )


def without_subject(mail: bytes) -> bytes:
    """All but the header that the package loses spaces in, if it has other than ASCII letters."""
    return re.sub(rb"(?<=\r\n)Subject:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", b"", mail, count=1)


def check(sender_text: str = SENDERS[0], **changes: Any) -> None:
    """The bytes are those of the package, and what is read from them is what was put in."""
    parts = {name: changes.pop(name, "Hello\n") for name in ("subject", "text", "html")}
    if parts["subject"] == "Hello\n":
        parts["subject"] = "Hello"
    message = message_of(**parts, calendar=changes.pop("calendar", None))
    values: dict[str, Any] = {
        "delivery_id": UUID(int=7),
        "created_at": datetime(2030, 6, 3, 12, 1, 2, 345, tzinfo=UTC),
        "address": "ann@example.com",
        "name": "Ann",
        "message": message,
        "release_id": UUID(int=2**128 - 1),
    }
    outgoing, sender = Outgoing(**(values | changes)), sender_of(sender_text)
    raw, expected = build(outgoing, sender), the_packages(outgoing, sender)

    recipient, _, rest = raw.partition(b"\r\nMessage-ID:")
    assert without_subject(b"Message-ID:" + rest) == without_subject(expected.as_bytes())
    if parts["subject"].isascii():
        assert b"Message-ID:" + rest == expected.as_bytes()
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert read.keys() == ["To", *expected.keys()]
    assert str(read["To"]) == recipient.decode().removeprefix("To: ").replace("\r\n", "")
    assert [one.defects for one in read.walk()] == [[] for _ in expected.walk()]
    kinds = [part.get_content_type() for part in read.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar"][: len(kinds)]
    assert len(kinds) == (2 if message.calendar is None else 3)
    contents = _contents(read)
    assert contents == _contents(message_from_bytes(expected.as_bytes(), policy=policy.default))
    # Quoted-printable is text: its line breaks come out as a mail has them.
    for given_text, content in zip((message.text, message.html), contents, strict=False):
        assert _ends(content.decode()) == _ends(given_text)
    if message.calendar is not None:
        assert contents[2] == message.calendar.encode()
    assert all(len(line) <= 998 and line.isascii() for line in raw.split(b"\r\n"))
    assert not {b"\r", b"\n"} & set(raw.replace(b"\r\n", b""))


def _contents(mail: Any) -> list[bytes]:
    return [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]


def _ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("sender", SENDERS)
def test_whoever_sends(sender: str) -> None:
    check(sender)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_whatever_the_subject(subject: str) -> None:
    check(subject=subject)


@pytest.mark.parametrize("length", range(30, 90))
def test_no_space_of_a_subject_is_lost(length: int) -> None:
    subject = f"{'é' * length} é a é bé \U0001f511 c; " * 2 + "end"

    raw = build(outgoing_with(subject), sender_of(SENDERS[0]))

    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject
    assert str(make_header(decode_header(message_from_bytes(raw)["Subject"]))) == subject


@pytest.mark.parametrize("calendar", [None, "BEGIN:VCALENDAR\r\n" + "ü" * 300 + "\r\n", ""])
@pytest.mark.parametrize("text", NASTY)
def test_whatever_is_in_a_part(text: str, calendar: str | None) -> None:
    check(text=text, html=f"<p>{text}</p>", calendar=calendar)


def test_the_invitation_of_a_release() -> None:
    check(calendar=calendar_file(stored_calendar(summary="ü\r\nX: y;," * 9), "ü <c@example.com>"))


def test_without_a_release_there_is_no_thread() -> None:
    check(release_id=None)


@given(subject=LINE, text=ANYTHING, html=ANYTHING, calendar=st.none() | ANYTHING)
def test_whatever_it_says(subject: str, text: str, html: str, calendar: str | None) -> None:
    check(subject=subject, text=text, html=html, calendar=calendar)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90))
def test_whatever_a_plain_subject_is(subject: str) -> None:
    check(subject=subject)


@given(st.from_regex(r"[A-Za-z0-9_+.-]{1,20}@[a-z0-9.-]{1,20}", fullmatch=True))
def test_an_address_is_used_as_the_package_reads_it(address: str) -> None:
    try:
        expected = Address(addr_spec=address).addr_spec
    except (ValueError, MessageError):
        return
    message = message_of()
    raw = build(
        Outgoing(
            delivery_id=UUID(int=7),
            created_at=datetime(2030, 6, 3, tzinfo=UTC),
            address=address,
            name="Ann",
            message=message,
        ),
        sender_of(SENDERS[0]),
    )
    assert raw.startswith(f"To: Ann <{expected}>\r\n".encode())


#: What may be around the part of one person, and in it.
PARTS = st.tuples(ANYTHING, ANYTHING, ANYTHING)


def read_parts(text: Parts, html: Parts) -> list[str]:
    """The two bodies of a mail with these parts, as an independent parser reads them."""
    outgoing = Outgoing(
        delivery_id=UUID(int=7),
        created_at=datetime(2030, 6, 3, tzinfo=UTC),
        address="ann@example.com",
        name="Ann",
        message=RenderedMessage(
            subject="Hello", text_parts=text, html_parts=html, calendar="BEGIN:VCALENDAR\r\n"
        ),
    )
    raw = build(outgoing, sender_of(SENDERS[0]))
    read = message_from_bytes(raw, policy=policy.default)
    assert all(part.defects == [] for part in read.walk())
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    contents = [part.get_content() for part in read.walk() if not part.is_multipart()]
    return [_ends(one) for one in contents[:2]]


@pytest.mark.parametrize("link", ["https://x.example/a?b=c", f"https://x.example/{'é=' * 300}"])
@pytest.mark.parametrize("before", ["", "x" * 75, "line\n", f"--{ALTERNATIVE}\n", "space "])
def test_a_persons_own_part_stands_in_its_place(link: str, before: str) -> None:
    parts = Parts(before, link, f"\n--{ALTERNATIVE}\n")

    assert read_parts(parts, parts) == [f"{before}{link}\n--{ALTERNATIVE}\n"] * 2


@given(text=PARTS, html=PARTS)
def test_whatever_the_parts_are_they_are_read_in_their_order(
    text: tuple[str, str, str], html: tuple[str, str, str]
) -> None:
    read = read_parts(Parts(*text), Parts(*html))

    assert read == ["".join(map(_ends, parts)) for parts in (text, html)]
