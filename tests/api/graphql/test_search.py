"""Text search, and windows that ended before they were to end."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine.commands.releases.close_release import CloseRelease
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from tests.support.api import Api
from tests.support.world import NOON, World

HOUR = timedelta(hours=1)


def names(api: Api, filter_: str, who: str = "dev") -> set[str]:
    query = f"{{ releases(filter: {{ {filter_} }}) {{ totalCount edges {{ node {{ name }} }} }} }}"
    page = api.ask(who, query)["releases"]
    found_names = {edge["node"]["name"] for edge in page["edges"]}
    assert page["totalCount"] == len(found_names)
    return found_names


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("falcon", True),
        ("ＦＡＬＣＯＮ", True),
        ("7.1", True),
        ("STRASSE 12", True),
        ("straße  12", True),
        ("100%", True),
        ("0%_", False),
        ("a_b", True),
        ("a-b", False),
        ("/", True),
        ("vault", True),
        ("DEV@example", True),
        ("dev", True),
        ("", True),
        (" ", True),
        # The version's last characters and the note's first are no text.
        ("7.1 hotfix", False),
        ("7.1\nhotfix", False),
        ("osprey", False),
    ],
)
def test_each_text_of_a_release_is_searched(api: Api, text: str, matches: bool) -> None:
    note = "Hotfix for\n\nStraße 12: 100% of a_b and/or c"
    api.world.request(name="Falcon", version="7.1", note=note)
    query = "query ($text: String!) { releases(filter: { search: $text }) { totalCount } }"
    found_count = api.ask("dev", query, text=text)["releases"]["totalCount"]
    assert found_count == int(matches)


def test_an_edit_is_searched_and_what_it_replaced_is_not(api: Api) -> None:
    release_id = api.id("Release", api.world.request(name="Falcon", note="first"))
    edit = {"id": release_id, "revision": 1, "note": "second"}
    api.change("dev", "updateRelease", edit, "release { id }")
    assert names(api, 'search: "second"') == {"Falcon"}
    assert names(api, 'search: "first"') == set()


def test_what_an_older_program_wrote_is_searched_in_lower_case(api: Api) -> None:
    api.world.request(name="Falcon", version="RC", note="Some Note")
    with api.world.system.database.writing() as connection:
        connection.execute(t.releases.update().values(search_text=None))
        connection.execute(t.users.update().values(name_key=None))
        connection.commit()
    for text in ("rc", "some note", "DEV"):
        assert names(api, f'search: "{text}"') == {"Falcon"}


def test_people_find_by_search_only_what_they_see(api: Api) -> None:
    api.world.add_user("outsider", "DEVELOPER")
    api.world.request(name="Falcon", note="secret plans")
    for text in ("secret", "vault", "dev@", "falcon"):
        assert names(api, f'search: "{text}"', "outsider") == set()


@pytest.mark.parametrize(
    ("field", "filter_"),
    [
        ("releases", f'{{ search: "{"a" * 201}" }}'),
        ("releases", f'{{ nameContains: "{"a" * 201}" }}'),
        ("users", f'{{ search: "{"a" * 201}" }}'),
        ("keypairs", f'{{ aliasContains: "{"a" * 201}" }}'),
        ("releases", f"{{ status: [{'PENDING ' * 101}] }}"),
        ("ledger", "{ tags: [" + '"release:opened" ' * 101 + "] }"),
    ],
)
def test_too_long_a_value_of_a_filter_is_refused(api: Api, field: str, filter_: str) -> None:
    query = f"{{ {field}(filter: {filter_}) {{ totalCount }} }}"
    (error,) = api.post("admin", query)["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert error["extensions"]["field"] == ["filter", filter_.split()[1].rstrip(":")]


def test_a_closed_release_overlaps_until_it_was_closed(world: World, api: Api) -> None:
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "quick"])
    window = {"starts_at": NOON + HOUR, "ends_at": NOON + 9 * HOUR}
    release_id = world.request(
        name="Falcon",
        type=ReleaseType.ONLINE,
        keypair_ids=frozenset({world.things["quick"]}),
        **window,
    )
    world.clock.pass_(hours=2)
    later = f'overlapsFrom: "{(NOON + 4 * HOUR).isoformat()}"'
    assert names(api, later) == {"Falcon"}

    world.do("dev", CloseRelease(release_id=release_id))

    assert names(api, later) == set()
    assert names(api, f'overlapsFrom: "{(NOON + HOUR).isoformat()}"') == {"Falcon"}


def test_an_end_that_is_due_and_not_yet_written_is_an_end(world: World, api: Api) -> None:
    world.request(name="Falcon")
    world.clock.pass_(hours=3)
    with world.system.database.reading() as connection:
        assert connection.execute(sa.select(t.releases.c.ended_at)).scalar_one() is None
    at, after = ((NOON + offset).isoformat() for offset in (3 * HOUR, 3.001 * HOUR))
    assert names(api, f'endedFrom: "{at}", endedUntil: "{after}"') == {"Falcon"}
    assert names(api, f'endedUntil: "{at}"') == set()
    assert names(api, f'overlapsFrom: "{at}"') == set()
