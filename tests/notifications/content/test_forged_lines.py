"""Nothing that somebody writes stands at the beginning of a line of a mail, as our own words do."""

import pytest

from notifications.content.stored_facts import store_facts
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import Audience, MessageKind
from tests.support.message_facts import APPROVAL, EVENT, RELEASE

FORGED = "View request:"
WRITER = MessageRenderer("https://countersign.example.com")
#: Kinds that say nothing which may have several lines.
WITHOUT_TEXTS = {MessageKind.SIGN_IN, MessageKind.ADDRESS_LINK, MessageKind.ADDRESS_CHANGE}
READER = Reader(audiences=" ".join(sorted(Audience)))


def text_of(kind: MessageKind, written: str, tag: str = "release:revised") -> str:
    """The message's text where everything that may have several lines is `written`."""
    changes = [
        {"field": "note", "before": None, "after": written},
        {"field": "version", "before": written, "after": "2"},
    ]
    event = EVENT | {"tag": tag, "reason": written, "changes": changes}
    decision = APPROVAL["decisions"][0] | {"comment": f"{written} too"}  # type: ignore[index]
    facts = {
        "account": "Acme",
        "self_approval": False,
        "release": RELEASE | {"note": written},
        "event": event,
        "approval": APPROVAL | {"decisions": [decision]},
        "sign_in": "/sign-in?address=ann%40example.com",
        "subject": {"kind": "User", "name": "Ann", "email": "ann@example.com"},
        "channel": "email",
        "error": written,
        "certificate": {"subject": written, "expires_at": EVENT["at"], "is_default": True},
        "days_left": 7,
        "addresses": {"before": "a@example.com", "after": "b@example.com"},
    }
    if tag == "listed":
        facts["listed"] = [{"event": event, "subject": facts["subject"]}]
    message = WRITER.render(kind, store_facts(facts), READER)
    assert message.fault is None
    return message.text


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r", "\n\n"], ids=repr)
@pytest.mark.parametrize("kind", [*MessageKind])
def test_no_line_begins_with_what_somebody_wrote(kind: MessageKind, end: str) -> None:
    written = f"Fine.{end}{FORGED}{end}https://evil.example.com/decide/x"

    for tag in ("release:revised", "user:created", "listed"):
        lines = text_of(kind, written, tag).splitlines()

        begin = [line for line in lines if line.startswith((FORGED, "https://evil"))]
        assert begin == []
        if kind not in WITHOUT_TEXTS:
            assert any(FORGED in line for line in lines)


def test_each_line_of_a_reason_is_quoted() -> None:
    text = text_of(MessageKind.REJECTED, f"Fine.\r\r{FORGED}\rhttps://evil.example.com")

    assert f"\n> Fine.\n>\n> {FORGED}\n> https://evil.example.com\n" in text
