"""Teams whose members an identity provider keeps up to date."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import sqlalchemy as sa
from scim2_models import BaseModel as ScimModel
from scim2_server.service import ScimService

from api.web.scim.endpoint import (
    MAX_ATTRIBUTES,
    MAX_ITEMS,
    MAX_PATCH_OPERATIONS,
    MAX_PATCH_TEXT_LENGTH,
    MAX_SEARCH_LENGTH,
)
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import CreateUser
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from tests.api.web.scim.conftest import Directory, token_of
from tests.api.web.scim.test_users import PATCH, patch
from tests.support.world import make_world

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


@pytest.fixture(autouse=True)
def _token_that_covers_members(directory: Directory) -> None:
    token = token_of(directory.world, "admin", *Permission)
    directory.client.headers["Authorization"] = f"Bearer {token}"


def group(directory: Directory, name: str, *people: str, **more: Any) -> dict[str, Any]:
    members = [{"value": str(directory.world.people[person])} for person in people]
    return {"schemas": [GROUP], "displayName": name, "members": members} | more


def members_of(directory: Directory, team_id: object) -> set[str]:
    names = {id_: name for name, id_ in directory.world.people.items()}
    with directory.world.system.database.reading() as connection:
        query = sa.select(t.team_members.c.user_id, t.team_members.c.team_id)
        rows = connection.execute(query)
        return {names.get(row.user_id, "?") for row in rows if str(row.team_id) == str(team_id)}


async def test_a_team_is_found_by_its_name_and_told_apart_by_the_providers_id(
    directory: Directory,
) -> None:
    blue = directory.world.things["blue"]
    answer = await directory.client.get(
        "/scim/v2/Groups", params={"filter": 'displayName eq "BLUE"'}
    )
    (team,) = answer.json()["Resources"]
    assert team["id"] == str(blue)
    operation = {"op": "add", "path": "externalId", "value": "g-1"}
    await directory.succeed("PATCH", f"/Groups/{blue}", patch(operation))
    answer = await directory.client.get("/scim/v2/Groups", params={"filter": 'externalId eq "g-1"'})
    assert [one["id"] for one in answer.json()["Resources"]] == [str(blue)]


async def test_members_come_and_go(directory: Directory) -> None:
    world, blue = directory.world, directory.world.things["blue"]
    world.add_user("cid", "LEAD")
    before = members_of(directory, blue)
    path, cid = f"/Groups/{blue}", str(world.people["cid"])
    await directory.succeed(
        "PATCH", path, patch({"op": "Add", "path": "members", "value": [{"value": cid}]})
    )
    assert members_of(directory, blue) == before | {"cid"}
    await directory.succeed(
        "PATCH", path, patch({"op": "Remove", "path": f'members[value eq "{cid}"]'})
    )
    assert members_of(directory, blue) == before
    # As Microsoft Entra removes a member.
    await directory.succeed(
        "PATCH", path, patch({"op": "Add", "path": "members", "value": [{"value": cid}]})
    )
    await directory.succeed(
        "PATCH", path, patch({"op": "Remove", "path": "members", "value": [{"value": cid}]})
    )
    assert members_of(directory, blue) == before
    assert [entry.tag for entry in world.ledger()][-1] == "team:updated"


async def test_quorum_and_keypairs_of_a_team_stay(directory: Directory) -> None:
    world, blue = directory.world, directory.world.things["blue"]

    def rest() -> list[Any]:
        with world.system.database.reading() as connection:
            quorum = sa.select(t.teams.c.required_approvals).where(t.teams.c.id == blue)
            keypairs = sa.select(t.team_keypairs.c.keypair_id).order_by("keypair_id")
            return [connection.scalar(quorum), *connection.scalars(keypairs)]

    before = rest()
    await directory.succeed("PUT", f"/Groups/{blue}", group(directory, "Azure", "ann", "bob"))
    assert rest() == before
    assert members_of(directory, blue) == {"ann", "bob"}


async def test_a_team_that_could_not_reach_its_quorum_is_refused(directory: Directory) -> None:
    blue = directory.world.things["blue"]
    for method, path, body in (
        ("PUT", f"/Groups/{blue}", group(directory, "Blue", "ann")),
        ("POST", "/Groups", group(directory, "Empty")),
    ):
        error = await directory.refused(409, method, path, body)
        assert "approv" in error["detail"]


async def test_a_new_team_requires_one_approval(directory: Directory) -> None:
    created = await directory.succeed("POST", "/Groups", group(directory, "Red", "ann", "dev"))
    assert {member["value"] for member in created["members"]} == {
        str(directory.world.people[name]) for name in ("ann", "dev")
    }
    error = await directory.refused(409, "POST", "/Groups", group(directory, "RED", "ann"))
    assert error["scimType"] == "uniqueness"


async def test_members_that_the_provider_does_not_see_stay(directory: Directory) -> None:
    world, blue = directory.world, directory.world.things["blue"]
    bot = world.do("admin", CreateUser(email="bot@example.com", name="Bot", roles=(), service=True))
    world.people["bot"] = bot
    members = frozenset(world.people[name] for name in ("ann", "bob", "bot"))
    world.do("admin", UpdateTeam(team_id=blue, member_ids=members))
    shown = await directory.succeed("GET", f"/Groups/{blue}")
    assert str(bot) not in str(shown)
    await directory.succeed("PUT", f"/Groups/{blue}", group(directory, "Blue", "ann", "bob"))
    assert members_of(directory, blue) == {"ann", "bob", "bot"}


async def test_a_team_is_not_deleted(directory: Directory) -> None:
    error = await directory.refused(501, "DELETE", f"/Groups/{directory.world.things['blue']}")
    assert "never deleted" in error["detail"]


async def test_strangers_and_other_accounts_are_not_there(directory: Directory) -> None:
    other = make_world(directory.world.system.database, account="Umbrella")
    blue = directory.world.things["blue"]
    for member in (str(uuid4()), str(other.people["ann"]), "ann"):
        body = group(directory, "Blue", "ann", "bob")
        body["members"].append({"value": member})
        error = await directory.refused(400, "PUT", f"/Groups/{blue}", body)
        assert error["scimType"] == "invalidValue"
    foreign = f"/Groups/{other.things['blue']}"
    await directory.refused(404, "GET", foreign)
    await directory.refused(404, "PUT", foreign, group(directory, "Blue", "ann"))


async def test_teams_need_their_own_permission(directory: Directory) -> None:
    token = token_of(directory.world, "admin", Permission.MANAGE_USERS)
    directory.client.headers["Authorization"] = f"Bearer {token}"
    await directory.succeed("GET", "/Users")
    await directory.refused(403, "GET", "/Groups")
    await directory.refused(403, "POST", "/Groups", group(directory, "Red", "ann"))


async def test_a_patch_of_too_many_operations_is_refused(directory: Directory) -> None:
    path = f"/Groups/{directory.world.things['blue']}"
    keep = {"op": "replace", "path": "externalId", "value": "g-1"}
    await directory.succeed("PATCH", path, patch(*[keep] * MAX_PATCH_OPERATIONS))
    strangers = [{"value": str(uuid4())} for _ in range(MAX_PATCH_OPERATIONS + 1)]
    removal = {"op": "Remove", "path": "members", "value": strangers}
    for too_many in (patch(*[keep] * (MAX_PATCH_OPERATIONS + 1)), patch(removal)):
        error = await directory.refused(413, "PATCH", path, too_many)
        assert str(MAX_PATCH_OPERATIONS) in error["detail"]


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[type, str]]:
    """What bodies are validated with, and the kind of thread that does it."""
    noted: list[tuple[type, str]] = []
    validate = ScimModel.model_validate.__func__  # type: ignore[attr-defined]

    def noting(model: type, *arguments: Any, **more: Any) -> Any:
        if more.get("scim_ctx") is not None:
            noted.append((model, threading.current_thread().name.partition("_")[0]))
        return validate(model, *arguments, **more)

    monkeypatch.setattr(ScimModel, "model_validate", classmethod(noting))
    return noted


@pytest.mark.parametrize(
    ("operations", "op", "value"),
    [("Operations", "op", "value"), ("operations", "OP", "Value"), ("Oper_ations", "op", "value")],
)
@pytest.mark.parametrize("removed", [[{"value": "x"}] * 100_000, {str(n): "x" for n in range(101)}])
async def test_too_many_are_refused_before_they_are_validated(
    directory: Directory,
    validated: list[Any],
    operations: str,
    op: str,
    value: str,
    removed: Any,
) -> None:
    # To validate the values of one request of two megabytes takes more than a minute.
    removal = {op: "REMOVE", "path": "members", value: removed}
    document = {"schemas": [PATCH], operations: [removal]}
    path = f"/Groups/{directory.world.things['blue']}"
    error = await directory.refused(413, "PATCH", path, document)
    assert f"this one has {len(removed)}." in error["detail"]
    assert validated == []


@pytest.mark.parametrize("attribute", ["path", "Path", "value"])
async def test_a_long_path_is_refused_before_it_is_validated(
    directory: Directory, validated: list[Any], attribute: str
) -> None:
    path = f"/Groups/{directory.world.things['blue']}"
    text = "x" * MAX_PATCH_TEXT_LENGTH
    operation = {"op": "replace", "path": "displayName", "value": "x"} | {attribute: text}
    await directory.call("PATCH", path, patch(operation))
    assert len(validated) == 1
    error = await directory.refused(413, "PATCH", path, patch(operation | {attribute: f"{text}x"}))
    assert "more than 1000 characters" in error["detail"]
    assert len(validated) == 1


async def test_a_search_that_is_too_long_is_refused_before_its_filter_is_parsed(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScimService, "read_search", lambda *_: pytest.fail("it was parsed"))
    search = {"filter": "(" * MAX_SEARCH_LENGTH}
    error = await directory.refused(413, "POST", "/Users/.search", search)
    assert "at most 20000 characters" in error["detail"]
    await directory.refused(413, "GET", f"/Groups?{urlencode(search)}")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_body_is_validated_once_and_off_the_event_loop(
    directory: Directory, validated: list[tuple[type, str]], method: str
) -> None:
    path = "/Groups" if method == "POST" else f"/Groups/{directory.world.things['blue']}"
    rename = {"op": "replace", "path": "displayName", "value": "Azure"}
    body = patch(rename) if method == "PATCH" else group(directory, "Azure", "ann", "bob")
    await directory.succeed(method, path, body)
    assert [thread for _, thread in validated] == ["compute"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_too_many_values_are_refused_before_they_are_validated(
    directory: Directory, validated: list[Any], method: str
) -> None:
    path = "/Groups" if method == "POST" else f"/Groups/{directory.world.things['blue']}"
    members: list[Any] = [{}] * (MAX_ITEMS + 1)
    body = group(directory, "Azure") | {"members": members}
    if method == "PATCH":
        body = patch({"op": "add", "path": "members", "value": members})
    error = await directory.refused(413, method, path, body)
    assert f"at most {MAX_ITEMS} values" in error["detail"]
    assert validated == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_too_many_attributes_are_refused_before_they_are_validated(
    directory: Directory, validated: list[Any], method: str
) -> None:
    # A PATCH of one request of two megabytes took half a minute.
    path = "/Groups" if method == "POST" else f"/Groups/{directory.world.things['blue']}"
    unknown = {f"unknown{number}": 1 for number in range(MAX_ATTRIBUTES)}
    body = group(directory, "Azure") | unknown
    if method == "PATCH":
        body = patch({"op": "replace", "value": {"displayName": "Azure"} | unknown})
    error = await directory.refused(413, method, path, body)
    assert f"at most {MAX_ATTRIBUTES} attributes" in error["detail"]
    assert validated == []


async def test_a_fault_of_the_body_comes_after_that_of_the_address(directory: Directory) -> None:
    path = f"/Groups/{uuid4()}"
    await directory.refused(404, "PUT", path, {"members": 7})
    await directory.refused(400, "PATCH", path, {"members": 7})
    await directory.refused(405, "POST", path, {"members": 7})


async def test_a_patch_is_applied_off_the_event_loop(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    apply = ScimService.apply_patch

    def noting(self: ScimService, *arguments: Any) -> Any:
        threads.append(threading.current_thread().name)
        return apply(self, *arguments)

    monkeypatch.setattr(ScimService, "apply_patch", noting)
    path = f"/Groups/{directory.world.things['blue']}"
    rename = {"op": "replace", "path": "displayName", "value": "Azure"}
    await directory.succeed("PATCH", path, patch(rename))
    assert (await directory.succeed("GET", path))["displayName"] == "Azure"
    assert [name.partition("_")[0] for name in threads] == ["compute"]
