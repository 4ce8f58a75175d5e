"""Whatever people write, each message is complete and has its reader's own link alone."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32
from zoneinfo import ZoneInfo, available_timezones

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.channels.base import Outgoing
from notifications.channels.mime import build, sender_of
from notifications.content.message import RenderedMessage
from notifications.content.stored_facts import load_facts, store_facts
from notifications.content.texts import LANGUAGES
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import Audience, MessageKind
from tests.support.hostile_texts import CONSTANTS, HOSTILE
from tests.support.message_facts import APPROVAL, EVENT, RELEASE
from tests.support.node import run_node

LINK = "https://countersign.example.com/decide/0123456789abcdef0123456789abcdef.own"
WRITER = MessageRenderer("https://countersign.example.com")
SENDER = sender_of("Countersign <countersign@example.com>")
HEADERS = {
    "to", "message-id", "from", "subject", "date", "in-reply-to", "references", "auto-submitted",
    "x-auto-response-suppress", "mime-version", "content-type",
}  # fmt: skip
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


TEXT = st.sampled_from(HOSTILE) | st.sampled_from(CONSTANTS) | st.text(max_size=80)
INSTANTS = st.sampled_from([FIRST, LAST]) | st.datetimes(timezones=st.just(UTC))
#: A value of an edited field, as an event records it.
VALUE = TEXT | INSTANTS | st.none() | st.booleans() | st.integers(0, 2**31) | st.lists(TEXT)
ZONES = st.sampled_from([*sorted(available_timezones()), "no/such", "America", "../etc", "x" * 300])


@st.composite
def hostile_facts(draw: st.DrawFn) -> dict[str, Any]:
    """Facts in which every text that a person writes, and every instant, is drawn."""
    release = RELEASE | {
        "name": draw(TEXT),
        "version": draw(st.none() | TEXT),
        "note": draw(st.none() | TEXT),
        "team": draw(st.none() | TEXT),
        "keypairs": draw(st.lists(TEXT, min_size=1, max_size=3)),
        "participants": draw(st.lists(TEXT, max_size=3)),
        "requested_by": draw(TEXT),
        "starts_at": draw(INSTANTS),
        "ends_at": draw(INSTANTS),
    }
    names = st.sampled_from([*RELEASE, "roles", "tags", "url", "expires_at"]) | TEXT
    edits = st.fixed_dictionaries({"field": names, "before": VALUE, "after": VALUE})
    event = EVENT | {
        "at": draw(INSTANTS),
        "actor": draw(st.none() | TEXT),
        "reason": draw(st.none() | TEXT),
        "changes": draw(st.lists(edits | st.fixed_dictionaries({"field": names}), max_size=4)),
        "tag": draw(
            st.sampled_from(["release:revised", "user:created", "user:updated", "webhook:disabled"])
        ),
    }
    decision = APPROVAL["decisions"][0] | {  # type: ignore[index]
        "name": draw(TEXT),
        "comment": draw(st.none() | TEXT),
        "at": draw(INSTANTS),
    }
    return {
        "account": draw(TEXT),
        "sign_in": "/sign-in?address=ann%40example.com",
        "self_approval": draw(st.booleans()),
        "release": release,
        "event": event,
        "approval": APPROVAL | {"decisions": [decision]},
        "subject": {"kind": "Team", "name": draw(TEXT), "email": draw(TEXT)},
        "channel": draw(TEXT),
        "error": draw(TEXT),
        "addresses": {"before": draw(TEXT), "after": draw(TEXT)},
        "certificate": {
            "kind": draw(st.sampled_from(["X509", "OPENPGP"])),
            "subject": draw(TEXT),
            "expires_at": draw(INSTANTS),
            "is_default": draw(st.booleans()),
        },
        "days_left": draw(st.integers(1, 60)),
    }


def harmless(facts: dict[str, Any]) -> dict[str, Any]:
    """The same with every text of a person's made harmless."""

    def tame(value: Any) -> Any:
        if isinstance(value, str):
            # Equal texts stay equal: what is quoted above is not said again below.
            return value and f"x{crc32(value.encode())}"
        return [tame(one) for one in value] if isinstance(value, list) else value

    written = {"name", "version", "note", "team", "keypairs", "participants", "requested_by"}
    release = {k: tame(v) if k in written else v for k, v in facts["release"].items()}
    event = facts["event"]
    changes = [
        {k: v if k == "field" else tame(v) for k, v in one.items()} for one in event["changes"]
    ]
    (decision,) = facts["approval"]["decisions"]
    decisions = [decision | {"name": "x", "comment": tame(decision["comment"])}]
    return facts | {
        "account": tame(facts["account"]),
        "release": release,
        "event": event
        | {"actor": tame(event["actor"]), "reason": tame(event["reason"]), "changes": changes},
        "approval": facts["approval"] | {"decisions": decisions},
        "subject": {
            "kind": "Team",
            "name": tame(facts["subject"]["name"]),
            "email": tame(facts["subject"]["email"]),
        },
        "channel": tame(facts["channel"]),
        "error": tame(facts["error"]),
        "certificate": facts["certificate"] | {"subject": tame(facts["certificate"]["subject"])},
        "addresses": {name: tame(text) for name, text in facts["addresses"].items()},
    }


def write(
    kind: MessageKind, facts: dict[str, Any], reader: Reader, link: str | None
) -> RenderedMessage:
    """The message; that it had to be sent in its plain form is a failure."""
    message = WRITER.render(kind, store_facts(facts), reader, link=link)
    assert message.fault is None
    return message


def links(kind: MessageKind) -> int:
    """How often a message of this kind holds its reader's link: some have no secret."""
    return 0 if kind in {MessageKind.INVITATION, MessageKind.ADDRESS_CHANGE} else 1


def raw_mail(message: RenderedMessage) -> bytes:
    return build(
        Outgoing(
            delivery_id=UUID(int=7),
            created_at=datetime(2030, 6, 3, 12, tzinfo=UTC),
            address="ann@example.com",
            name="Ann",
            message=message,
            release_id=UUID(int=9),
        ),
        SENDER,
    )


def normal(text: str) -> str:
    """Line ends as a mail has them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


READERS = st.builds(
    Reader,
    language=st.sampled_from(LANGUAGES),
    zone=ZONES,
    audiences=st.sets(st.sampled_from(Audience), max_size=3).map(lambda who: " ".join(sorted(who))),
)


@given(kind=st.sampled_from(MessageKind), facts=hostile_facts(), reader=READERS)
def test_each_message_is_rendered_with_its_own_link_only(
    kind: MessageKind, facts: dict[str, Any], reader: Reader
) -> None:
    message = write(kind, facts, reader, LINK)
    expected = write(kind, harmless(facts), reader, LINK)

    assert message.text_parts.own.count(LINK) == expected.text_parts.own.count(LINK) == links(kind)
    assert message.html_parts.own.count(LINK) == expected.html_parts.own.count(LINK) == links(kind)
    for shared in (*message.text_parts[::2], *message.html_parts[::2], message.subject):
        assert LINK not in shared
    # Nothing that a person wrote became an element of the page.
    assert _elements(message.html) == _elements(expected.html)
    mail = message_from_bytes(raw_mail(message), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert {name.lower() for name in mail.keys()} == HEADERS  # noqa: SIM118
    assert len(mail.keys()) == len(HEADERS)
    assert [one.addr_spec for one in mail["To"].addresses] == ["ann@example.com"]
    assert not mail.defects
    text, html = (part.get_content() for part in mail.iter_parts())
    assert normal(text) == normal(message.text)
    assert normal(html) == normal(message.html)


def _elements(html: str) -> list[str]:
    """The tags of a page, but for the lines of a list, whose number the facts decide."""
    return [tag for tag in re.findall(r"<(?:/?[a-zA-Z][^\s>]*|!--)", html) if tag != "<br"]


@given(facts=st.recursive(
    TEXT | INSTANTS | st.none() | st.integers(-(2**53), 2**53) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["at", "before", "after", "name", "starts_at"]), inner),
    max_leaves=12,
).map(lambda value: {"event": value}))  # fmt: skip
@example(facts={"event": {"at": "2026-99-99T99:99:99.999999Z"}})
@example(facts={"event": {"before": "2026-06-03T13:00:00.000000Z"}})
def test_stored_facts_come_back_as_they_were(facts: dict[str, Any]) -> None:
    assert load_facts(store_facts(facts)) == facts


@pytest.mark.parametrize("text", ["2026-99-99T99:99:99.999999Z", "2026-13-01T00:00:00.000000Z"])
def test_what_an_earlier_version_queued_is_read_without_an_error(text: str) -> None:
    stored = json.dumps({"event": {"before": text, "at": "2026-06-03T13:00:00.000000Z"}})

    assert load_facts(stored)["event"] == {
        "before": text,
        "at": datetime(2026, 6, 3, 13, tzinfo=UTC),
    }


@pytest.mark.timeout(300)
def test_another_parser_reads_each_mail_as_it_was_meant(tmp_path: Path) -> None:
    mails: list[RenderedMessage] = []
    kinds: list[MessageKind] = []

    @settings(database=None)
    @given(kind=st.sampled_from(MessageKind), facts=hostile_facts(), reader=READERS)
    def collect(kind: MessageKind, facts: dict[str, Any], reader: Reader) -> None:
        mails.append(write(kind, facts, reader, LINK))
        kinds.append(kind)

    collect()
    path = tmp_path / "mails.json"
    path.write_text(json.dumps([b64encode(raw_mail(one)).decode() for one in mails]))

    for kind, message, read in zip(
        kinds, mails, json.loads(run_node("parse-mails.mjs", str(path))), strict=True
    ):
        assert sorted(read["headers"]) == sorted(HEADERS)
        assert read["to"] == ["ann@example.com"]
        assert read["from"] == "countersign@example.com"
        assert read["attachments"] == []
        # It reads text before it hands it on: without U+FEFF at the front, and U+0000 replaced.
        assert _read(read["text"]) == _read(message.text)
        assert _read(read["html"]) == _read(message.html)
        assert read["text"].count(LINK) == links(kind)


def _read(text: str) -> str:
    return normal(text).lstrip("\ufeff").replace("\0", "\ufffd").rstrip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize(
    "facts", ["", "[]", "null", "{", '{"format":2}', '{"release":7}', '{"release":{"name":[1]}}']
)
def test_what_cannot_be_rendered_still_says_kind_and_link(
    kind: MessageKind, language: str, facts: str
) -> None:
    faults: list[MessageKind] = []
    writer = MessageRenderer("https://countersign.example.com", on_fault=faults.append)

    with structlog.testing.capture_logs() as logged:
        message = writer.render(kind, facts, Reader(language=language), link=LINK)

    assert message.subject
    assert message.text_parts.own.count(LINK) == message.html_parts.own.count(LINK) == 1
    assert message.fault is not None
    assert faults == [kind]
    assert [line["event"] for line in logged] == ["message_not_rendered"]
    assert LINK not in repr(logged)
    mail = message_from_bytes(raw_mail(message), policy=policy.default)
    assert mail["Subject"] == message.subject


@given(name=TEXT, version=st.none() | TEXT, kind=st.sampled_from(MessageKind))
def test_the_plain_form_names_the_release_whatever_it_is_called(
    name: str, version: str | None, kind: MessageKind
) -> None:
    # Without an event nothing can be rendered.
    stored = store_facts({"release": {"name": name, "version": version}})

    message = WRITER.render(kind, stored, Reader(), link=LINK)

    assert message.fault == "It was sent in its plain form: UndefinedError while rendering it."
    words = re.findall(r"\w+", f"{name} {version or ''}"[:100])
    assert all(word in message.subject for word in words[:-1])
    assert (message.text.count(LINK), message.html.count(LINK)) == (1, 1)
    mail = message_from_bytes(raw_mail(message), policy=policy.default)
    assert {one.lower() for one in mail.keys()} == HEADERS  # noqa: SIM118
    assert "<script" not in message.html


def test_the_plain_form_names_what_was_administered() -> None:
    stored = store_facts({"subject": {"kind": "Team", "name": "blue\x00\nteam"}})

    message = WRITER.render(MessageKind.ADMINISTERED, stored, Reader())

    assert message.subject == "Account changed: blue\ufffd team"
    assert WRITER.render(MessageKind.ADMINISTERED, "{}", Reader()).subject == "Account changed"


@pytest.mark.parametrize(
    "edge",
    [
        FIRST,
        pytest.param(LAST, marks=pytest.mark.long),
        pytest.param(FIRST + timedelta(days=1), marks=pytest.mark.long),
        pytest.param(LAST - timedelta(days=1), marks=pytest.mark.long),
    ],
)
def test_every_zone_has_a_text_for_every_instant(edge: datetime) -> None:
    facts = {
        "account": "Acme",
        "self_approval": False,
        "release": RELEASE | {"starts_at": edge, "ends_at": edge},
        "event": EVENT | {"at": edge},
        "approval": APPROVAL,
        "subject": None,
    }
    for zone in sorted(available_timezones()):
        message = write(MessageKind.REQUEST, facts, Reader(zone=zone), LINK)
        name = ZoneInfo(zone)
        try:
            shown = edge.astimezone(name)
        except OverflowError:
            shown = edge
        assert (
            f"From: {shown:%a} {shown.day} {shown:%b} {shown.year}, {shown:%H:%M}" in message.text
        )
