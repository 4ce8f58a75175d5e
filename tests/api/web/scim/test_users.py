"""People that an identity provider adds, changes and removes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from engine.commands.administration.directory import AddDirectoryUser
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.credentials.sessions import StartSession
from engine.model.vocabulary import Permission, SignInMethod
from engine.persistence.store import tables as t
from tests.api.web.scim.conftest import Directory, token_of
from tests.support.world import make_world

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": f"{name}@example.com", "displayName": name} | more


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


async def people_found(directory: Directory, filter_: str) -> list[dict[str, Any]]:
    answer = await directory.client.get("/scim/v2/Users", params={"filter": filter_})
    assert answer.status_code == 200, answer.text
    resources: list[dict[str, Any]] = answer.json()["Resources"]
    return resources


async def test_a_person_is_added_found_and_read(directory: Directory) -> None:
    values = {"externalId": "00u1", "roles": [{"value": "AUDITOR"}], "timezone": "Europe/Vienna"}
    created = await directory.succeed("POST", "/Users", user("Zoe", **values))
    assert created["userName"] == "Zoe@example.com"
    assert created["active"] is True
    assert created["roles"] == [{"value": "AUDITOR"}]
    assert (created["timezone"], created["locale"]) == ("Europe/Vienna", "en")
    assert created["meta"]["location"].endswith(f"/scim/v2/Users/{created['id']}")
    for filter_ in (
        'userName eq "zoe@EXAMPLE.com"',
        'externalId eq "00u1"',
        f'id eq "{created["id"]}"',
    ):
        assert [one["id"] for one in await people_found(directory, filter_)] == [created["id"]]
    assert await people_found(directory, 'userName eq "nobody@example.com"') == []
    assert await people_found(directory, 'externalId eq "00U1"') == []
    assert await directory.succeed("GET", f"/Users/{created['id']}") == created
    (entry,) = directory.world.ledger(tag="user:created")[-1:]
    assert entry.actor_id == directory.world.admin_id


async def test_parts_of_a_name_make_one_where_there_is_no_display_name(
    directory: Directory,
) -> None:
    name = {"givenName": "Zoe", "familyName": "Example"}
    body = {"schemas": [USER], "userName": "zoe@example.com", "name": name}
    assert (await directory.succeed("POST", "/Users", body))["displayName"] == "Zoe Example"
    body = {"schemas": [USER], "userName": "una@example.com"}
    assert (await directory.succeed("POST", "/Users", body))["displayName"] == "una"


async def test_attributes_that_mean_nothing_here_are_passed_over(directory: Directory) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    body = user("Zoe", emails=[{"value": "zoe@example.com"}], title="Boss", password="x")
    body |= {"schemas": [USER, enterprise], enterprise: {"department": "IT"}}
    created = await directory.succeed("POST", "/Users", body)
    assert created.keys() & {"emails", "title", "password", enterprise} == set()


async def test_deactivating_ends_sessions_and_tokens(directory: Directory) -> None:
    world = directory.world
    world.do("dev", StartSession(method=SignInMethod.MAIL))
    world.do("dev", CreateApiToken(name="ci"))
    path = f"/Users/{world.people['dev']}"
    operation = {"op": "Replace", "path": "active", "value": False}
    await directory.succeed("PATCH", path, patch(operation))
    assert (await directory.succeed("GET", path))["active"] is False
    with world.system.database.reading() as connection:
        assert connection.scalar(sa.select(t.sessions.c.ended_at)) is not None
        tokens = sa.select(t.api_tokens.c.revoked_at).where(t.api_tokens.c.name == "ci")
        assert connection.scalar(tokens) is not None


async def test_a_replacement_keeps_what_it_leaves_out(directory: Directory) -> None:
    values = {"roles": [{"value": "AUDITOR"}], "timezone": "Europe/Vienna", "active": False}
    created = await directory.succeed("POST", "/Users", user("Zoe", **values))
    path = f"/Users/{created['id']}"
    replaced = await directory.succeed("PUT", path, user("Zoe", displayName="Eva"))
    assert replaced["displayName"] == "Eva"
    for name in ("roles", "timezone", "active"):
        assert replaced[name] == created[name]


async def test_an_address_is_not_changed_by_a_token(directory: Directory) -> None:
    created = await directory.succeed("POST", "/Users", user("Zoe"))
    path = f"/Users/{created['id']}"
    error = await directory.refused(400, "PUT", path, user("Eva"))
    assert error["scimType"] == "mutability"
    operation = {"op": "replace", "path": "userName", "value": "eva@example.com"}
    assert (await directory.refused(400, "PATCH", path, patch(operation)))["scimType"]


async def test_deleting_deactivates_and_hides(directory: Directory) -> None:
    created = await directory.succeed("POST", "/Users", user("Zoe", externalId="00u1"))
    path = f"/Users/{created['id']}"
    await directory.succeed("DELETE", path)
    await directory.refused(404, "GET", path)
    await directory.refused(404, "DELETE", path)
    await directory.refused(404, "PUT", path, user("Zoe"))
    assert await people_found(directory, 'externalId eq "00u1"') == []
    with directory.world.system.database.reading() as connection:
        row = connection.execute(sa.select(t.users).where(t.users.c.name == "Zoe")).one()
    assert (str(row.id), row.active) == (created["id"], False)


async def test_whom_a_provider_deleted_it_can_add_again(directory: Directory) -> None:
    created = await directory.succeed("POST", "/Users", user("Zoe", externalId="00u1"))
    await directory.succeed("DELETE", f"/Users/{created['id']}")
    again = user("Zoe", externalId="00u2", roles=[{"value": "AUDITOR"}])
    added = await directory.succeed("POST", "/Users", again)
    assert (added["id"], added["active"], added["externalId"]) == (created["id"], True, "00u2")
    assert added["roles"] == [{"value": "AUDITOR"}]


async def test_nobody_comes_back_by_an_address_that_only_looks_the_same(
    directory: Directory,
) -> None:
    world = directory.world
    created = await directory.succeed("POST", "/Users", user("strasse"))
    await directory.succeed("DELETE", f"/Users/{created['id']}")
    world.system = replace(world.system, international_addresses=True)
    add = AddDirectoryUser(
        email="stra\N{LATIN SMALL LETTER SHARP S}e@example.com",
        name="Zoe",
        external_id=None,
        roles=(),
        active=True,
        time_zone="UTC",
        locale="en",
    )
    assert world.refused("admin", add).field == ("email",)
    await directory.refused(404, "GET", f"/Users/{created['id']}")


async def test_whom_an_administrator_activates_again_a_provider_sees_again(
    directory: Directory,
) -> None:
    world = directory.world
    path = f"/Users/{world.people['dev']}"
    await directory.succeed("DELETE", path)
    await directory.refused(404, "GET", path)
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=True))
    assert (await directory.succeed("GET", path))["active"] is True


async def test_a_version_guards_against_lost_changes(directory: Directory) -> None:
    created = await directory.succeed("POST", "/Users", user("Zoe"))
    path, version = f"/Users/{created['id']}", created["meta"]["version"]
    status, _ = await directory.call("GET", path, None, **{"If-None-Match": version})
    assert status == 304
    first = await directory.succeed(
        "PUT", path, user("Zoe", displayName="A"), **{"If-Match": version}
    )
    assert first["meta"]["version"] != version
    for method, body in (("PUT", user("Zoe", displayName="B")), ("DELETE", None)):
        await directory.refused(412, method, path, body, **{"If-Match": version})


async def test_of_changes_at_once_with_one_version_one_is_made(directory: Directory) -> None:
    created = await directory.succeed("POST", "/Users", user("Zoe"))
    path, headers = f"/Users/{created['id']}", {"If-Match": created["meta"]["version"]}
    answers = await asyncio.gather(
        *(
            directory.call("PUT", path, user("Zoe", displayName=f"E{n}"), **headers)
            for n in range(6)
        )
    )
    assert sorted(status for status, _ in answers) == [200, *[412] * 5]


async def test_pages_follow_one_another_and_know_the_whole(directory: Directory) -> None:
    everybody = await directory.succeed("GET", "/Users")
    seen: list[str] = []
    for start in range(1, everybody["totalResults"] + 1, 2):
        page = await directory.succeed("GET", f"/Users?startIndex={start}&count=2")
        assert (page["totalResults"], page["startIndex"]) == (everybody["totalResults"], start)
        seen += [one["id"] for one in page["Resources"]]
    assert seen == [one["id"] for one in everybody["Resources"]]
    assert len(seen) >= 4


async def test_pipelines_and_other_accounts_are_not_there(directory: Directory) -> None:
    world = directory.world
    bot = world.do("admin", CreateUser(email="bot@example.com", name="Bot", roles=(), service=True))
    other = make_world(world.system.database, account="Umbrella")
    for id_ in (bot, other.people["dev"]):
        for method, body in (("GET", None), ("PUT", user("x")), ("DELETE", None)):
            await directory.refused(404, method, f"/Users/{id_}", body)
    names = {one["userName"] for one in (await directory.succeed("GET", "/Users"))["Resources"]}
    assert "bot@example.com" not in names
    assert len(names) == len(world.people) + 1


async def test_the_last_administrator_stays(directory: Directory) -> None:
    path = f"/Users/{directory.world.admin_id}"
    deactivation = patch({"op": "replace", "path": "active", "value": False})
    for method, body in (("PATCH", deactivation), ("DELETE", None)):
        error = await directory.refused(409, method, path, body)
        assert "Nobody could manage users" in error["detail"]


@pytest.mark.parametrize(
    ("body", "status", "scim_type"),
    [
        (user("ann"), 409, "uniqueness"),
        (user("x", userName="nobody"), 400, "invalidValue"),
        ({"schemas": [USER]}, 400, "invalidValue"),
        (user("x", roles=[{"value": "Pope"}]), 400, "invalidValue"),
        (user("x", timezone="Nowhere"), 400, "invalidValue"),
        (user("x", displayName="two\nlines"), 400, "invalidValue"),
        (user("x", externalId="\u202e"), 400, "invalidValue"),
        (user("x", active="perhaps"), 400, "invalidSyntax"),
        ([], 400, "invalidSyntax"),
    ],
)
async def test_what_is_not_allowed_changes_nothing(
    directory: Directory, body: object, status: int, scim_type: str
) -> None:
    error = await directory.refused(status, "POST", "/Users", body)
    assert error.get("scimType") in (scim_type, "invalidValue", "invalidSyntax")
    if status == 409:
        assert error["scimType"] == scim_type


@pytest.mark.parametrize(
    "filter_",
    [
        'displayName co "a"',
        'userName eq "a" or userName eq "b"',
        "active eq true",
        "userName pr",
        'userName sw "a"',
        "not a filter",
    ],
)
async def test_a_filter_that_cannot_be_answered_is_refused(
    directory: Directory, filter_: str
) -> None:
    answer = await directory.client.get("/scim/v2/Users", params={"filter": filter_})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


async def test_only_a_token_of_somebody_who_manages_users_is_taken(
    directory: Directory, app: Starlette
) -> None:
    world, body = directory.world, user("Zoe")
    narrow = token_of(world, "admin", Permission.SIGN)
    for authorization, status in (
        (None, 401),
        ("Bearer csn_wrong", 401),
        ("Basic YTpi", 401),
        (f"Bearer {narrow}", 403),
        (f"Bearer {token_of(world, 'dev')}", 403),
    ):
        directory.client.headers.pop("Authorization", None)
        headers = {} if authorization is None else {"Authorization": authorization}
        for method, sent in (("GET", None), ("POST", body)):
            error = await directory.refused(status, method, "/Users", sent, **headers)
            assert error["detail"]
        config = await directory.succeed("GET", "/ServiceProviderConfig", None, **headers)
        assert config["patch"]["supported"] is True
    answer = await directory.client.get("/scim/v2/Users")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_role_beyond_the_token_is_not_given(directory: Directory) -> None:
    narrow = token_of(directory.world, "admin", Permission.MANAGE_USERS)
    directory.client.headers["Authorization"] = f"Bearer {narrow}"
    await directory.succeed("POST", "/Users", user("Zoe"))
    error = await directory.refused(403, "POST", "/Users", user("Una", roles=[{"value": "LEAD"}]))
    assert "APPROVE_RELEASE" in error["detail"]


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\xff", b'{"a":' + b"1" * 5000 + b"}", b"null"]
)
async def test_a_body_that_is_no_resource_is_refused(directory: Directory, content: bytes) -> None:
    answer = await directory.client.post(
        "/scim/v2/Users", content=content, headers={"Content-Type": "application/scim+json"}
    )
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("attribute", ["id", "userName", "externalId"])
@pytest.mark.parametrize("value", ["", "\\u0000", "\\ud800", "x" * 5000, "%", "'"])
async def test_a_filter_that_nothing_can_match_answers_nothing(
    directory: Directory, attribute: str, value: str
) -> None:
    assert await people_found(directory, f'{attribute} eq "{value}"') == []


async def test_a_page_beyond_everything_is_empty(directory: Directory) -> None:
    for start in (10_000, 2**31, 2**63, 10**30):
        page = await directory.succeed("GET", f"/Users?startIndex={start}")
        assert page.get("Resources", []) == []
    assert (await directory.succeed("GET", "/Users?startIndex=-5&count=-1"))["totalResults"]


async def test_a_token_that_ends_while_the_body_arrives_does_nothing(
    directory: Directory,
) -> None:
    world = directory.world
    token = world.do("admin", CreateApiToken(name="ends"))

    async def body() -> AsyncIterator[bytes]:
        yield json.dumps(user("Zoe")).encode()
        world.do("admin", RevokeApiToken(token_id=token.token_id))

    answer = await directory.client.post(
        "/scim/v2/Users", content=body(), headers={"Authorization": f"Bearer {token.secret}"}
    )
    assert answer.status_code == 401
    assert await people_found(directory, 'userName eq "zoe@example.com"') == []


async def test_a_body_that_is_too_large_is_refused(directory: Directory) -> None:
    answer = await directory.client.post("/scim/v2/Users", content=b"x" * 3_000_000)
    assert (answer.status_code, answer.json()["status"]) == (413, "413")


async def test_every_fault_of_a_person_is_in_the_detail(directory: Directory) -> None:
    wrong = user("Zoe", timezone="Nowhere", roles=[{"value": "NOBODY"}], externalId="a\nb")
    before = directory.world.snapshot()
    error = await directory.refused(400, "POST", "/Users", wrong)
    assert [name for name in ("externalId:", "timezone:", "roles:") if name in error["detail"]] == [
        "externalId:",
        "timezone:",
        "roles:",
    ]
    assert directory.world.snapshot() == before
