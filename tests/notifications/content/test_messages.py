"""What messages say, and that nothing a user typed can get out of its place."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.mime import sender_of
from notifications.content.mail_styles import style_attribute
from notifications.content.texts import LANGUAGES
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import MessageKind
from tests.support.mails import mail_of, message_of
from tests.support.message_facts import facts

BERLIN = Reader(zone="Europe/Berlin", audiences="APPROVER")
LINK = "https://countersign.example.com/decide/own"
HOSTILE = "<img src=x onerror=alert(1)>&\"'{{ 7*7 }}{% raw %}"


@pytest.fixture(scope="module")
def writer() -> MessageRenderer:
    return MessageRenderer("https://countersign.example.com")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_says_something_in_every_language(
    writer: MessageRenderer, kind: MessageKind, language: str
) -> None:
    message = writer.render(kind, facts(), replace(BERLIN, language=language))

    assert message.subject
    assert "\n" not in message.subject
    assert len(message.text.splitlines()) > 5
    assert f'<html lang="{language}">' in message.html
    assert "%(" not in message.text + message.html + message.subject


def test_the_request_says_who_what_when_and_how_many(writer: MessageRenderer) -> None:
    message = writer.render(MessageKind.REQUEST, facts(), BERLIN)

    for shown in (
        "Dev asks for your approval of Falcon",
        "up to 5 signatures with spare, vault",
        "Mon 3 Jun 2030, 15:00 CEST (13:00 UTC)",
        "Tue 4 Jun 2030, 03:30 CEST (01:30 UTC)",
        "1 more approval is needed.",
        "Approved by: Ann on Mon 3 Jun 2030, 15:00 CEST (13:00 UTC), from the mail (Fine.)",
    ):
        assert shown in message.text


def test_the_day_in_utc_is_told_where_it_differs(writer: MessageRenderer) -> None:
    reader = replace(BERLIN, zone="America/Sao_Paulo")

    message = writer.render(MessageKind.REQUEST, facts(), reader)

    assert "Mon 3 Jun 2030, 22:30 UTC-03 (Tue 4 Jun 2030, 01:30 UTC)" in message.text
    in_utc = writer.render(MessageKind.REQUEST, facts(), replace(BERLIN, zone="UTC"))
    assert "From: Mon 3 Jun 2030, 13:00 UTC\n" in in_utc.text


def test_everybody_with_the_same_words_shares_all_but_their_own_part(
    writer: MessageRenderer,
) -> None:
    first = writer.render(MessageKind.REQUEST, facts(), BERLIN, link=f"{LINK}?one")
    second = writer.render(MessageKind.REQUEST, facts(), replace(BERLIN), link=f"{LINK}?other")

    for mine, theirs in (
        (first.text_parts, second.text_parts),
        (first.html_parts, second.html_parts),
    ):
        assert mine.before is theirs.before
        assert mine.after is theirs.after
        assert (mine.own.count(f"{LINK}?one"), theirs.own.count(f"{LINK}?other")) == (1, 1)
        assert LINK not in mine.before + mine.after


def test_readers_in_other_capacities_share_what_does_not_speak_of_them(
    writer: MessageRenderer,
) -> None:
    requester = replace(BERLIN, audiences="PARTICIPANT REQUESTER")
    first = writer.render(MessageKind.OPENED, facts(), BERLIN)
    second = writer.render(MessageKind.OPENED, facts(), requester)

    for mine, theirs in (
        (first.text_parts, second.text_parts),
        (first.html_parts, second.html_parts),
    ):
        assert mine.before is theirs.before
        assert mine.after is theirs.after
        assert "you are an approver" in mine.footer
        assert "you requested this release" in theirs.footer


@pytest.mark.parametrize(
    "question",
    [
        '"REQUESTER" in audiences',
        "audiences | length > 1",
        'audiences | join == "PARTICIPANTREQUESTER"',
        'audiences == ["PARTICIPANT", "REQUESTER"]',
    ],
)
@pytest.mark.parametrize("block", ["subject", "lead", "after", "why"])
def test_no_reader_gets_what_a_template_says_to_those_in_another_capacity(
    tmp_path: Path, block: str, question: str
) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "approved.j2").write_text(
        "{% extends layout %}{% block "
        + block
        + " %}{% if "
        + question
        + " %}To you{% else %}To others{% endif %}{% endblock %}"
    )
    writer = MessageRenderer("https://countersign.example.com", tmp_path)

    for audiences, said, unsaid in (
        ("APPROVER", "To others", "To you"),
        ("PARTICIPANT REQUESTER", "To you", "To others"),
        ("APPROVER", "To others", "To you"),
    ):
        reader = replace(BERLIN, audiences=audiences)
        message = writer.render(MessageKind.APPROVED, facts(), reader)
        for text in (message.subject + message.text, message.html):
            assert said in text
            assert unsaid not in text


def test_styles_with_constant_selectors_are_written_when_templates_are_compiled(
    writer: MessageRenderer,
) -> None:
    def number_of_calls() -> int:
        cache = style_attribute.cache_info()
        return cache.hits + cache.misses

    writer.render(MessageKind.REQUEST, facts(), BERLIN)
    before = number_of_calls()
    writer.render(MessageKind.REQUEST, facts(release={"name": "Another"}), BERLIN)

    # The colour of the strip at the top is not constant.
    assert number_of_calls() - before == 1


def test_the_html_is_inlined_and_fetches_nothing(writer: MessageRenderer) -> None:
    html = writer.render(MessageKind.REQUEST, facts(), BERLIN, link=LINK).html

    (button,) = re.findall(r'<a class="button"[^>]* style="([^"]*)"', html)
    assert "background: #2456c5" in button
    assert "prefers-color-scheme: dark" in html
    for fetching in ("<img", "<link", "<script", "url(", "@import", "http://"):
        assert fetching not in html
    assert html.count("https://") == 1


@pytest.mark.parametrize("kind", MessageKind)
def test_what_users_typed_stays_text(writer: MessageRenderer, kind: MessageKind) -> None:
    named = {
        "name": HOSTILE,
        "version": HOSTILE,
        "note": HOSTILE,
        "requested_by": HOSTILE,
        "keypairs": [HOSTILE],
        "team": HOSTILE,
        "participants": [HOSTILE],
    }
    event = {"actor": HOSTILE, "reason": HOSTILE}
    message_facts = facts(release=named, event=event, account=HOSTILE, subject={"name": HOSTILE})

    message = writer.render(kind, message_facts, BERLIN)

    assert "<img" not in message.html
    assert "49" not in message.html
    assert HOSTILE in message.text


def test_lines_of_a_note_cannot_pass_for_ours(writer: MessageRenderer) -> None:
    note = "Harmless.\n\nView request:\nhttps://evil.example.com"

    text = writer.render(MessageKind.REQUEST, facts(release={"note": note}), BERLIN, link=LINK).text

    assert [line for line in text.splitlines() if line == "View request:"] == ["View request:"]
    assert "\n  https://evil.example.com" in text


def contents_of(mail: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()]


def test_the_headers_that_good_mail_has() -> None:
    mail = mail_of()

    assert mail["From"] == "Countersign <countersign@mail.example.com>"
    assert mail["Message-ID"] == f"<{UUID(int=7)}@mail.example.com>"
    assert mail["References"] == f"<release.{UUID(int=9)}@mail.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Mon, 03 Jun 2030 12:00:00 +0000"
    assert contents_of(mail) == ["Text ü\n", "<p>Text ü</p>\n"]


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("place", ["name", "subject", "address"])
def test_a_line_break_in_a_header_is_refused(place: str, ending: str) -> None:
    evil = f"Ann{ending}Bcc: eve@example.com"
    changes: dict[str, Any] = {"name": evil}
    if place == "subject":
        changes = {"message": message_of(subject=evil)}
    elif place == "address":
        changes = {"address": f"ann@example.com{ending}Bcc: eve@example.com"}

    with pytest.raises(ValueError, match=r"CR|carriage"):
        mail_of(**changes)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200)
)
def test_no_name_adds_a_header_or_a_recipient(name: str) -> None:
    plain = mail_of()

    mail = mail_of(name=name, message=message_of(subject=f"Approved: {name}"))

    assert mail.keys() == plain.keys()
    assert [address.addr_spec for address in mail["To"].addresses] == ["ann@example.com"]


def test_an_own_folder_of_templates_wins(tmp_path: Any) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "approved.j2").write_text(
        "{% extends layout %}{% block subject %}Go: {{ release.name }}{% endblock %}"
    )
    writer = MessageRenderer("https://countersign.example.com", tmp_path)

    assert writer.render(MessageKind.APPROVED, facts(), BERLIN).subject == "Go: Falcon"
    assert writer.render(MessageKind.OPENED, facts(), BERLIN).subject == "Open: Falcon"

    account = UUID(int=5)
    (tmp_path / str(account) / "kinds").mkdir(parents=True)
    (tmp_path / str(account) / "kinds" / "approved.j2").write_text(
        "{% extends layout %}{% block subject %}Ours: {{ release.name }}{% endblock %}"
    )
    theirs = replace(BERLIN, account_id=account)
    assert writer.render(MessageKind.APPROVED, facts(), theirs).subject == "Ours: Falcon"
    assert writer.render(MessageKind.APPROVED, facts(), BERLIN).subject == "Go: Falcon"


@pytest.mark.parametrize("broken", ["{% if %}", "{{ nothing.here }}", "{% extends 'no.such' %}"])
def test_what_an_own_template_cannot_say_is_said_by_ours(tmp_path: Path, broken: str) -> None:
    own = tmp_path / "kinds"
    own.mkdir()
    (own / "request.j2").write_text(broken, "utf-8")
    ours = MessageRenderer("https://countersign.example.com")
    writer = MessageRenderer("https://countersign.example.com", tmp_path)

    with structlog.testing.capture_logs() as logged:
        for zone in ("UTC", "Asia/Tokyo"):
            reader = Reader(zone=zone, account_id=UUID(int=7))
            assert writer.render(MessageKind.REQUEST, facts(), reader) == ours.render(
                MessageKind.REQUEST, facts(), reader
            )

    # Once, however many messages it is about.
    assert [(line["event"], line["kind"]) for line in logged] == [
        ("own_template_broken", "REQUEST")
    ]


@pytest.mark.parametrize("folder", ["", str(UUID(int=7))])
def test_a_layout_that_nothing_uses_any_more_is_warned_of(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    former = tmp_path / folder / "layout.html"
    former.write_text("{% block headline %}{% endblock %}")

    with structlog.testing.capture_logs() as logged:
        MessageRenderer("https://countersign.example.com", tmp_path)

    assert logged == [
        {"event": "own_template_without_use", "log_level": "warning", "path": str(former)}
    ]


def test_words_of_ones_own_that_are_no_json_keep_no_message_back(tmp_path: Path) -> None:
    (tmp_path / "de.json").write_text("{", "utf-8")
    reader = Reader(language="de")

    message = MessageRenderer("https://countersign.example.com", tmp_path).render(
        MessageKind.OPENED, facts(), reader
    )

    assert message.subject == "Offen: Falcon"


def test_senders_are_checked_at_once() -> None:
    assert sender_of("a@b.example").domain == "b.example"
    with pytest.raises(ValueError, match="no sender's address"):
        sender_of("Countersign")


def test_readers_times_are_of_their_own_summer(writer: MessageRenderer) -> None:
    winter = datetime(2030, 1, 15, 13, tzinfo=UTC)
    message_facts = facts(
        release={
            "starts_at": winter,
            "ends_at": winter + timedelta(hours=1),
        }
    )

    assert (
        "Tue 15 Jan 2030, 14:00 CET (13:00 UTC)"
        in writer.render(MessageKind.REQUEST, message_facts, BERLIN).text
    )
