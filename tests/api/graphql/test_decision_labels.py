"""A decision shows the release's labels as its approver saw them."""

from typing import Any

from engine.commands.releases.revise_release import ReviseRelease
from tests.support.api import Api

DECISIONS = """query ($id: ID!) { release(id: $id) { name approval { decisions {
  approver { email } revision releaseName releaseVersion releaseNote labelsChanged } } } }"""


def decisions(api: Api, release: Any) -> list[tuple[Any, ...]]:
    found = api.ask("dev", DECISIONS, id=api.id("Release", release))["release"]["approval"]
    return [
        (
            one["approver"]["email"].partition("@")[0],
            one["releaseName"],
            one["releaseVersion"],
            one["releaseNote"],
            one["labelsChanged"],
        )
        for one in found["decisions"]
    ]


def test_labels_edited_since_show_as_they_were(api: Api) -> None:
    world = api.world
    release = world.request(note="Reviewed.")
    world.decide("ann", release)
    assert decisions(api, release) == [("ann", "Falcon 1.0", "1.0", "Reviewed.", False)]

    changes = {"name": "Falcon 2.0", "note": "Not reviewed."}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))
    # Bob names the revision that he looked at: it still counts, and shows what he saw.
    approval = {"id": api.id("Release", release), "revision": 1}
    seen = "release { name approval { decisions { releaseName labelsChanged } } }"
    approved = api.change("bob", "approveRelease", approval, seen)["release"]
    assert approved["name"] == "Falcon 2.0"
    assert approved["approval"]["decisions"] == [
        {"releaseName": "Falcon 1.0", "labelsChanged": True},
        {"releaseName": "Falcon 1.0", "labelsChanged": True},
    ]

    back = {"name": "Falcon 1.0", "note": "Reviewed."}
    world.do("dev", ReviseRelease(release_id=release, revision=2, changes=back))
    assert decisions(api, release) == [
        ("ann", "Falcon 1.0", "1.0", "Reviewed.", False),
        ("bob", "Falcon 1.0", "1.0", "Reviewed.", False),
    ]


def test_each_decision_has_its_own(api: Api) -> None:
    world = api.world
    release = world.request()
    world.decide("ann", release)
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={"name": "Eagle"}))
    world.decide("bob", release)
    world.clock.pass_(hours=4)
    renamed = {"name": "Kestrel", "version": "3"}
    world.do("dev", ReviseRelease(release_id=release, revision=2, changes=renamed))

    assert decisions(api, release) == [
        ("ann", "Falcon 1.0", "1.0", None, True),
        ("bob", "Eagle", "1.0", None, True),
    ]
