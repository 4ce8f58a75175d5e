"""What each of the people concerned reads in their mail, in both languages."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.artifacts import Artifact
from engine.model.vocabulary import (
    ROLE_PERMISSIONS,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    Verdict,
)
from notifications.content.texts import LANGUAGES
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import MessageKind
from tests.support.notices import Notices, add_administrator
from tests.support.world import World

WRITER = MessageRenderer("https://countersign.example.com")
RELIEF = {"en": "You had not decided yet", "de": "Sie hatten noch nicht entschieden"}
Read = Callable[..., str]


@pytest.fixture
def world(world: World) -> World:
    """Ann, Bob and Cat approve."""
    world.add_user("cat", "LEAD")
    world.set_team("blue", ["ann", "bob", "cat", "dev"])
    return world


@pytest.fixture
def read(world: World, notices: Notices) -> Read:
    """The newest mail of a kind to somebody, as text; its HTML says the same."""

    def read(
        name: str, kind: MessageKind, language: str = "en", zone: str = "Europe/Berlin"
    ) -> str:
        user_id = world.admin_id if name == "admin" else world.people[name]
        row = notices.rows(kind=kind, user_id=user_id)[-1]
        reader = Reader(
            language=language,
            zone=zone,
            audiences=row.audiences,
        )
        link = "https://countersign.example.com/decide/own" if row.action_link_id else None
        message = WRITER.render(kind, row.facts, reader, link=link)
        assert message.text.count(RELIEF[language]) == message.html.count(RELIEF[language])
        return message.text

    return read


def online(world: World) -> dict[str, object]:
    """An online release, as changes of the usual one."""
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "quick"])
    return {"type": ReleaseType.ONLINE, "keypair_ids": frozenset({world.things["quick"]})}


def withdraw(world: World) -> None:
    world.do("dev", WithdrawRelease(release_id=world.request()))


def reject(world: World) -> None:
    world.decide("ann", world.request(), Verdict.REJECT)


def expire(world: World) -> None:
    release = world.request()
    world.clock.pass_(hours=4)
    world.refused("dev", WithdrawRelease(release_id=release))


ENDED = {
    MessageKind.APPROVED: World.approved,
    MessageKind.REJECTED: reject,
    MessageKind.WITHDRAWN: withdraw,
    MessageKind.EXPIRED: expire,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ENDED)
def test_who_had_not_decided_is_told_once_that_nothing_is_needed(
    world: World, read: Read, kind: MessageKind, language: str
) -> None:
    ENDED[kind](world)

    assert read("cat", kind, language).count(RELIEF[language]) == 1
    assert read("dev", kind, language).count(RELIEF[language]) == 0


def test_what_has_nothing_to_do_with_approval_does_not_speak_of_it(
    world: World, read: Read
) -> None:
    release = world.request(**online(world))
    world.clock.pass_(hours=1)
    world.sign("dev", "quick", number=4)
    world.do("ann", StopRelease(release_id=release, reason="Leaked."))

    for kind in (MessageKind.QUOTA, MessageKind.STOPPED):
        assert RELIEF["en"] not in read("cat", kind)


def test_who_is_told_that_an_approval_stands_is_not_told_to_do_nothing(
    world: World, read: Read
) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    changes = {"max_signatures": 9}
    world.sign("dev")
    revision = world.release(release).revision
    world.do("ann", ReviseRelease(release_id=release, revision=revision, changes=changes))

    text = read("cat", MessageKind.REVISED)

    assert "stop the release" in text
    assert RELIEF["en"] not in text
    assert "0 of 2" not in text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The last ones were for dist/two.bin, dist/one.bin. Stated about the build:"),
        ("de", "Die letzten waren für dist/two.bin, dist/one.bin. Angaben zum Build:"),
    ],
)
def test_of_a_quota_it_is_told_what_the_last_signatures_were_for(
    world: World, read: Read, language: str, sentence: str
) -> None:
    world.approved(max_signatures=4)
    world.clock.pass_(hours=1)
    for name in ("one", "two", "two"):
        context = {"commit": name, "repository": "acme/falcon\nView request:"}
        world.sign("dev", artifact=Artifact(name=f"dist/{name}.bin"), context=context)
    world.sign("dev")

    text = read("ann", MessageKind.QUOTA, language)

    in_one_line = " ".join(text.split())
    assert f"{sentence} commit: two, repository: acme/falcon View request:." in in_one_line
    assert not [line for line in text.splitlines() if line.startswith("View request:.")]


def test_of_a_quota_without_artifacts_nothing_more_is_told(world: World, read: Read) -> None:
    world.approved(max_signatures=4)
    world.clock.pass_(hours=1)
    world.sign("dev", number=4)

    assert "last one" not in read("ann", MessageKind.QUOTA)


def test_a_request_that_needs_no_approval_any_more_says_so_once(world: World, read: Read) -> None:
    release = world.request()
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=online(world)))

    text = read("cat", MessageKind.NOT_NEEDED)

    assert (
        "Dev (dev@example.com) changed its type on Mon 3 Jun 2030, 14:00 CEST (12:00 UTC)." in text
    )
    assert text.count("Nothing is needed from you") == 1
    assert RELIEF["en"] not in text


@pytest.mark.parametrize(
    ("name", "language", "heading"),
    [
        ("ann", "en", "Falcon 1.0 was changed: please decide again"),
        ("ann", "de", "Falcon 1.0 wurde geändert: Bitte entscheiden Sie neu"),
        ("cat", "en", "Falcon 1.0 was changed: please decide"),
        ("cat", "de", "Falcon 1.0 wurde geändert: Bitte entscheiden Sie"),
        ("bob", "en", "Falcon 1.0 was changed and awaits approval"),
        ("bob", "de", "Falcon 1.0 wurde geändert und wartet auf Genehmigung"),
    ],
)
def test_an_edit_is_told_to_each_as_it_concerns_them(
    world: World, read: Read, name: str, language: str, heading: str
) -> None:
    release = world.request()
    world.decide("ann", release)

    changes = {"max_signatures": 9}
    world.do("bob", ReviseRelease(release_id=release, revision=1, changes=changes))

    text = read(name, MessageKind.REQUEST, language)
    assert text.splitlines()[0] == heading
    barred = {"en": "since you edited it", "de": "Da Sie es geändert haben"}
    assert (barred[language] in text) == (name == "bob")


def test_where_ones_own_may_be_approved_an_editor_is_asked_like_others(
    world: World, read: Read
) -> None:
    world.settings(allow_self_approval=True)
    release = world.request()
    changes = {"max_signatures": 9}
    world.do("bob", ReviseRelease(release_id=release, revision=1, changes=changes))

    text = read("bob", MessageKind.REQUEST)

    assert text.startswith("Falcon 1.0 was changed: please decide\n")
    assert "since you edited it" not in text


def test_why_it_was_rejected_is_said_once(world: World, read: Read) -> None:
    release = world.request()
    world.decide("bob", release, comment="Looks fine.")
    world.decide("ann", release, Verdict.REJECT, comment="Too early.")

    text = read("dev", MessageKind.REJECTED)

    assert "> Too early.\n" in text
    assert text.count("Too early.") == 1
    assert text.count("Looks fine.") == 1


@pytest.mark.parametrize(
    ("kind", "language", "said"),
    [
        (
            MessageKind.REJECTED,
            "en",
            "rejected on Mon 3 Jun 2030, 14:00 CEST (12:00 UTC); one rejection",
        ),
        (
            MessageKind.REJECTED,
            "de",
            "Es wurde am Mo., 3. Juni 2030, 14:00 Uhr MESZ (12:00 Uhr UTC) abgelehnt;",
        ),
        (MessageKind.WITHDRAWN, "en", "That was on Mon 3 Jun 2030, 14:00 CEST (12:00 UTC)."),
        (
            MessageKind.WITHDRAWN,
            "de",
            "Das war am Mo., 3. Juni 2030, 14:00 Uhr MESZ (12:00 Uhr UTC).",
        ),
    ],
)
def test_an_event_is_told_in_the_readers_time_and_in_utc(
    world: World, read: Read, kind: MessageKind, language: str, said: str
) -> None:
    ENDED[kind](world)

    assert said in read("dev", kind, language)


def test_utc_is_told_once_to_who_lives_by_it(world: World, read: Read) -> None:
    reject(world)

    text = read("dev", MessageKind.REJECTED, zone="UTC")

    assert "rejected on Mon 3 Jun 2030, 12:00 UTC; one rejection" in text


def test_what_changed_is_told_in_the_readers_time_and_in_utc(world: World, read: Read) -> None:
    release = world.approved()
    later = world.clock.instant + timedelta(hours=2)
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={"starts_at": later}))

    assert (
        "* start: Mon 3 Jun 2030, 15:00 CEST (13:00 UTC) → Mon 3 Jun 2030, 16:00 CEST (14:00 UTC)"
    ) in read("dev", MessageKind.REVISED)


@pytest.mark.parametrize(
    ("used", "language", "said"),
    [
        (0, "en", "0 of 5 signatures were used."),
        (1, "en", "1 of 5 signatures was used."),
        (2, "en", "2 of 5 signatures were used."),
        (1, "de", "1 von 5 Signaturen wurde genutzt."),
        (2, "de", "2 von 5 Signaturen wurden genutzt."),
    ],
)
def test_used_signatures_are_counted_in_good_grammar(
    world: World, read: Read, used: int, language: str, said: str
) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev", number=used)
    world.do("ann", CloseRelease(release_id=release))

    assert said in read("dev", MessageKind.CLOSED, language)


@pytest.mark.parametrize(
    ("language", "before", "during"),
    [
        (
            "en",
            "before its window opened; nothing can be signed in it.",
            "Until then, 2 of 5 signatures had been used; no more are made in it.",
        ),
        (
            "de",
            "bevor sich das Fenster öffnete; darin kann nichts signiert werden.",
            "Bis dahin wurden 2 von 5 Signaturen genutzt; weitere entstehen darin nicht.",
        ),
    ],
)
def test_what_is_stopped_before_its_start_was_not_signed_in(
    world: World, read: Read, language: str, before: str, during: str
) -> None:
    world.do("ann", StopRelease(release_id=world.approved(), reason="Leaked."))
    early = read("dev", MessageKind.STOPPED, language)

    release = world.approved(name="Kestrel")
    world.clock.pass_(hours=1)
    world.sign("dev", number=2)
    world.do("ann", StopRelease(release_id=release, reason="Leaked."))

    assert before in early
    assert "of 5" not in early.partition("\n\nRelease:")[0]
    late = read("dev", MessageKind.STOPPED, language)
    assert during in late
    assert before not in late


def test_a_new_token_says_whose_it_is_and_until_when(world: World, read: Read) -> None:
    ends = world.clock.instant + timedelta(days=3)
    world.do("ann", CreateApiToken(name="ci", scopes=frozenset({Permission.SIGN}), expires_at=ends))

    assert read("admin", MessageKind.ADMINISTERED).split("Details:\n")[1].split("\n\n")[0] == (
        "* expires: Thu 6 Jun 2030, 14:00 CEST (12:00 UTC)\n* name: ci\n* may do: Sign"
        "\n* user: Ann (ann@example.com)"
    )

    world.do("ann", CreateApiToken(name="for ever", scopes=frozenset({Permission.SIGN})))

    assert "* expires: never" in read("admin", MessageKind.ADMINISTERED)
    assert "* läuft ab: nie" in read("admin", MessageKind.ADMINISTERED, "de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_administrators_read_words_and_no_constants(
    world: World, notices: Notices, language: str
) -> None:
    add_administrator(world)
    world.settings(
        enabled_release_types=frozenset({ReleaseType.OFFLINE}),
        quota_on_online=QuotaOnOnline.UNASSOCIATED,
    )
    world.do("admin", CreateRole(name="Both", permissions=ROLE_PERMISSIONS))
    world.add_keypair("third")
    world.do("admin", UpdateKeypair(keypair_id=world.things["third"], enabled=False))
    world.do("admin", UpdateUser(user_id=world.people["eve"], roles=("LEAD", "AUDITOR")))

    deliveries = notices.rows(kind=MessageKind.ADMINISTERED)
    reader = Reader(language=language, audiences="ADMINISTRATOR")
    texts = [WRITER.render(MessageKind.ADMINISTERED, row.facts, reader).text for row in deliveries]

    assert len(texts) == 5
    words = {word.strip(".") for text in texts for word in text.split()}
    assert {word for word in words if word.isupper() and len(word) > 1} == {"UTC"}
