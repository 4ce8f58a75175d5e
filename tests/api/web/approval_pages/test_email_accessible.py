"""The e-mail pages can be read and used by everybody: axe-core in a real browser finds nothing."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.vocabulary import Verdict
from tests.support.approval_pages import served_pages
from tests.support.chromium import CHROMIUM, needs_chromium
from tests.support.databases import Templates
from tests.support.node import run_node
from tests.support.notices import Notices, with_outbox
from tests.support.world import World

pytestmark = pytest.mark.long

#: Wide, narrow, light and dark.
WAYS = 4


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    """On SQLite alone: the pages look the same."""
    with templates.world("sqlite") as world:
        yield with_outbox(world)


def pages(world: World, public: str) -> list[dict[str, Any]]:
    """Each kind of page: what it is called, where it is, and what its title says."""
    notices = Notices(world)
    world.add_keypair("third")
    world.add_keypair("fourth")
    world.add_keypair("fifth")
    world.set_team("blue", keypairs=["vault", "spare", "third", "fourth", "fifth"])
    world.add_user("cat", "LEAD", locale="de")
    world.set_team("blue", members=["ann", "bob", "cat", "dev"])
    found: list[dict[str, Any]] = []

    def add(name: str, spelling: str, says: str, **more: Any) -> None:
        url = f"{public}/decide/{spelling}"
        found.append({"name": name, "url": url, "says": says, **more})

    def request(name: str, alias: str, **more: Any) -> Any:
        keys = frozenset({world.things[alias]})
        return world.request(name=name, keypair_ids=keys, **more)

    decided = request("Decided", "spare")
    world.decide("ann", decided, comment="Looks fine.\nShip it.")
    add("decided", notices.spelling("ann", decided), "You approved Decided")
    changed = request("Changed", "third")
    before = notices.spelling("ann", changed)
    world.do("dev", ReviseRelease(release_id=changed, revision=1, changes={"max_signatures": 9}))
    add("changed", before, "Changed")
    rejected = request("Rejected", "fourth")
    world.decide("bob", rejected, Verdict.REJECT, comment="Not today.")
    add("rejected", notices.spelling("ann", rejected), "Rejected was rejected by Bob")
    soon = world.clock.instant + timedelta(minutes=1)
    expired = request("Expired", "fifth", starts_at=soon, ends_at=soon + timedelta(minutes=1))
    world.clock.pass_(minutes=5)
    add("expired", notices.spelling("ann", expired), "Expired")
    release = request("Falcon", "vault", note="A note.\nhttps://example.com/" + "x" * 200)
    opened = notices.spelling("bob", release)
    add("request", opened, "Dev (dev@example.com) asks for your approval of Falcon")
    # As after hours: the page's cookie is gone.
    press = {"forget": True, "click": "button.approve"}
    add(
        "not from the page",
        opened,
        "Dev (dev@example.com) asks for your approval of Falcon",
        **press,
    )
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={"note": "Another."}))
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))
    add("rejecting", opened, "Dev (dev@example.com) asks", unfold="summary")
    add("missing", "nothing", "There is no such link")
    add(
        "in German",
        notices.spelling("cat", release),
        "Dev (dev@example.com) bittet Sie, Falcon zu genehmigen",
    )
    return found


def visit(world: World, title: str | None = None, **settings: Any) -> list[dict[str, Any]]:
    """What axe-core says of each page; each is the page it should be."""
    with served_pages(world) as public:
        visited = pages(world, public)
        if title is not None:
            world.settings(**settings)
            visited = [{**page, "says": title} for page in visited if page["name"] == "request"]
        reports: list[dict[str, Any]] = json.loads(
            run_node("axe.mjs", str(CHROMIUM), json.dumps(visited))
        )
    says = {page["name"]: page["says"] for page in visited}
    assert len(reports) == WAYS * len(says)
    assert [page for page in reports if says[page["name"]] not in page["title"]] == []
    return reports


@needs_chromium
@pytest.mark.timeout(300)
def test_nothing_is_wrong_with_any_page_in_light_and_dark(world: World) -> None:
    found = visit(world)

    assert [one for one in found if one["violations"]] == []
    assert [one for one in found if one["wide"]] == []
    assert min(one["passes"] for one in found) >= 15


@needs_chromium
@pytest.mark.timeout(300)
def test_nor_with_the_page_that_leads_to_signing_in(world: World) -> None:
    found = visit(
        world, "Dev (dev@example.com) asks for your approval of Falcon", signed_in_approvals=True
    )

    assert [one for one in found if one["violations"]] == []
