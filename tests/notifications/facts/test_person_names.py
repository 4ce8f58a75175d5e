"""Nobody passes for another by their name."""

import pytest

from engine.commands.administration.users import UpdateUser
from notifications.content.writer import MessageRenderer, Reader
from notifications.facts.person_names import person
from notifications.vocabulary import MessageKind
from tests.support.notices import Notices
from tests.support.world import World


@pytest.mark.parametrize(
    ("name", "email", "shown"),
    [
        ("Ann", "ann@example.com", "Ann (ann@example.com)"),
        ("ann@example.com", "ann@example.com", "ann@example.com"),
        ("", "ann@example.com", "ann@example.com"),
        ("operator", "", "operator"),
        ("Ann (ann@example.com)", "dev@example.com", "“Ann (ann@example.com)” (dev@example.com)"),
        ("bob@example.com", "dev@example.com", "“bob@example.com” (dev@example.com)"),
    ],
)
def test_the_address_is_shown_with_the_name(name: str, email: str, shown: str) -> None:
    assert person(name, email) == shown


def test_whoever_takes_an_approvers_name_is_seen_through(world: World, notices: Notices) -> None:
    world.do("dev", UpdateUser(user_id=world.people["dev"], name="Ann"))
    release = world.request()
    world.decide("ann", release)

    renamed = notices.rows(kind=MessageKind.ADMINISTERED)[-1]
    delivery = notices.rows(kind=MessageKind.REQUEST)[-1]
    written = {
        row.kind: MessageRenderer("https://countersign.example.com").render(
            row.kind, row.facts, Reader()
        )
        for row in (renamed, delivery)
    }
    for kind, message in written.items():
        for text in (message.text, message.html):
            assert "Ann (dev@example.com)" in text, kind
    assert written[MessageKind.REQUEST].text.startswith(
        "Ann (dev@example.com) asks for your approval"
    )
    assert "Requested by: Ann (dev@example.com)" in written[MessageKind.REQUEST].text
