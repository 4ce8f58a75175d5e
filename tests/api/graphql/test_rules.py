"""Rules of the engine as they show in GraphQL."""

from __future__ import annotations

from typing import Any

from engine.vocabulary import Verdict
from tests.support.api import Api
from tests.support.world import World

APPROVAL = "approval { required received remaining decisions { verdict approver { name } } }"


def look(api: Api, name: str, release: Any, what: str) -> Any:
    """What somebody sees of a release; None if it does not exist for them."""
    query = f"query ($id: ID!) {{ release(id: $id) {{ {what} }} }}"
    return api.ask(name, query, id=api.id("Release", release))["release"]


def test_requesting_as_approved_is_a_decision_in_the_history(api: Api) -> None:
    api.world.settings(teams_enabled=False, allow_self_approval=True)
    release = api.world.request("ann", as_approved=True, teams=False)
    what = f"{APPROVAL} history {{ edges {{ node {{ tag }} }} }}"
    seen = look(api, "ann", release, what)
    assert seen["approval"] == {
        "required": 1,
        "received": 1,
        "remaining": 0,
        "decisions": [{"verdict": "APPROVE", "approver": {"name": "Ann"}}],
    }
    tags = [edge["node"]["tag"] for edge in seen["history"]["edges"]]
    assert tags == ["release:approval:recorded", "release:requested"]


def _with_a_third_approver(world: World) -> None:
    world.add_user("cid", "LEAD")
    world.set_team("blue", members=["ann", "bob", "cid", "dev"])


def test_what_is_received_leaves_out_ones_own_once_self_approval_is_off(api: Api) -> None:
    _with_a_third_approver(api.world)
    api.world.settings(allow_self_approval=True)
    release = api.world.request("ann")
    api.world.decide("ann", release, Verdict.APPROVE)
    counted = "approval { received remaining }"
    assert look(api, "bob", release, counted)["approval"] == {"received": 1, "remaining": 1}
    api.world.settings(allow_self_approval=False)
    assert look(api, "bob", release, counted)["approval"] == {"received": 0, "remaining": 2}
