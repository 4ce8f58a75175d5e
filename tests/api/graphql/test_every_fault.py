"""All faults of an input at once, each with its path; a conflict comes with what is there now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from api.graphql import errors
from api.graphql.ids import local_id, to_global
from engine.commands.administration.users import UpdateUser
from engine.model.errors import MAX_LISTED_FAULTS
from engine.model.vocabulary import ReleaseType
from tests.support.api import Api
from tests.support.pipelines import make_rule

RELEASE = "release { name revision keypairs { alias } }"


def release_input(api: Api, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Falcon 1.0",
        "type": "OFFLINE",
        "teamId": api.id("Team", "blue"),
        "keypairIds": [api.id("Keypair", "vault")],
        "startsAt": "2030-06-03T13:00:00Z",
        "endsAt": "2030-06-03T15:00:00Z",
        "maxSignatures": 5,
    } | changes


def faults(payload: Any) -> list[tuple[str, list[str] | None]]:
    return [(error["code"], error["field"]) for error in payload["errors"]]


def test_a_request_answers_every_fault_with_its_path(small_api: Api) -> None:
    api = small_api
    api.world.add_keypair("quick", ReleaseType.ONLINE)
    keypairs = [api.id("Keypair", "vault"), "nonsense", api.id("Keypair", "quick")]
    wrong = release_input(
        api,
        name=" ",
        version="1\n0",
        keypairIds=[*keypairs, api.id("Team", "blue")],
        startsAt="2030-06-03T15:00:00Z",
        endsAt="2030-06-03T13:00:00Z",
        maxSignatures=0,
    )
    payload = api.try_("dev", "createRelease", wrong, "release { id }")
    assert payload["release"] is None
    assert sorted(faults(payload)[:2]) == [
        ("NOT_FOUND", ["keypairIds", "1"]),
        ("NOT_FOUND", ["keypairIds", "3"]),
    ]
    assert faults(payload)[2:] == [
        ("INVALID_INPUT", ["name"]),
        ("INVALID_INPUT", ["version"]),
        ("KEYPAIR_NOT_ALLOWED", ["keypairIds", "2"]),
        ("KEYPAIR_TYPE_MISMATCH", ["keypairIds", "2"]),
        ("WINDOW_INVALID", ["endsAt"]),
        ("INVALID_INPUT", ["maxSignatures"]),
    ]
    assert api.try_("dev", "createRelease", wrong)["errors"] == payload["errors"]


def test_every_keypair_at_fault_is_named(small_api: Api) -> None:
    api = small_api
    for alias in ("b", "a", "c"):
        api.world.add_keypair(alias)
    keypairs = [api.id("Keypair", alias) for alias in ("c", "vault", "a", "b")]
    payload = api.try_("dev", "createRelease", release_input(api, keypairIds=keypairs))
    assert faults(payload) == [
        ("KEYPAIR_NOT_ALLOWED", ["keypairIds", index]) for index in ("2", "3", "0")
    ]


def test_participants_at_fault_are_named(small_api: Api) -> None:
    api = small_api
    api.world.settings(teams_enabled=False)
    api.world.do("admin", UpdateUser(user_id=api.world.people["eve"], active=False))
    participants = [api.id("User", name) for name in ("dev", "eve")]
    wrong = release_input(api, teamId=None, participantIds=["x", *participants], name="\n")
    assert faults(api.try_("dev", "createRelease", wrong)) == [
        ("NOT_FOUND", ["participantIds", "0"]),
        ("INVALID_INPUT", ["name"]),
        ("INVALID_INPUT", ["participantIds", "2"]),
    ]


def test_an_edit_answers_every_fault_but_none_to_whoever_may_not_edit(small_api: Api) -> None:
    api = small_api
    release = api.id("Release", api.world.request())
    edit = {"id": release, "revision": 1, "name": "", "maxSignatures": 0, "keypairIds": ["x"]}
    assert faults(api.try_("dev", "updateRelease", edit)) == [
        ("INVALID_INPUT", ["name"]),
        ("NOT_FOUND", ["keypairIds", "0"]),
        ("INVALID_INPUT", ["maxSignatures"]),
    ]
    stale = edit | {"revision": 2}
    assert faults(api.try_("dev", "updateRelease", stale)) == [("REVISION_CONFLICT", ["revision"])]


@pytest.mark.parametrize(
    ("name", "mutation", "more"),
    [
        ("dev", "updateRelease", {"name": "Falcon 2.0"}),
        ("ann", "approveRelease", {}),
        ("ann", "rejectRelease", {"comment": "no"}),
    ],
)
def test_a_conflict_comes_with_the_release_as_it_is_now(
    small_api: Api, name: str, mutation: str, more: dict[str, Any]
) -> None:
    api = small_api
    release = api.id("Release", api.world.request())
    edit = {"id": release, "revision": 1, "maxSignatures": 7, "name": "Falcon 1.1"}
    api.change("dev", "updateRelease", edit, "release { revision }")
    stale = {"id": release, "revision": 1, **more}
    payload = api.try_(name, mutation, stale, RELEASE)
    assert faults(payload) == [("REVISION_CONFLICT", ["revision"])]
    assert payload["release"] == {
        "name": "Falcon 1.1",
        "revision": 2,
        "keypairs": [{"alias": "vault"}],
    }


def test_a_conflict_comes_with_the_team_as_it_is_now(small_api: Api) -> None:
    api = small_api
    change = {"id": api.id("Team", "blue"), "revision": 1, "name": "Azure"}
    revision = api.change("admin", "updateTeam", change, "team { revision }")["team"]["revision"]
    payload = api.try_("admin", "updateTeam", change, "team { name revision }")
    assert faults(payload) == [("REVISION_CONFLICT", ["revision"])]
    assert payload["team"] == {"name": "Azure", "revision": revision}


CREATED: list[tuple[str, dict[str, Any], list[tuple[str, list[str]]]]] = [
    (
        "createUser",
        {
            "email": "nobody",
            "name": " ",
            "roles": ["NOBODY"],
            "timeZone": "Nowhere",
            "locale": "?",
        },
        [
            ("INVALID_INPUT", ["email"]),
            ("INVALID_INPUT", ["name"]),
            ("INVALID_INPUT", ["timeZone"]),
            ("INVALID_INPUT", ["locale"]),
            ("NOT_FOUND", ["roles", "0"]),
        ],
    ),
    (
        "createTeam",
        {"name": "", "memberIds": ["x"], "keypairIds": ["y"], "requiredApprovals": -1},
        [
            ("INVALID_INPUT", ["name"]),
            ("INVALID_INPUT", ["requiredApprovals"]),
            ("NOT_FOUND", ["memberIds", "0"]),
            ("NOT_FOUND", ["keypairIds", "0"]),
        ],
    ),
    (
        "createKeypair",
        {
            "alias": "vault",
            "type": "OFFLINE",
            "algorithm": "OPENPGP_ED25519",
            "userIds": ["x"],
        },
        [
            ("NAME_TAKEN", ["alias"]),
            ("INVALID_INPUT", ["algorithm"]),
            ("NOT_FOUND", ["userIds", "0"]),
        ],
    ),
    (
        "createWebhook",
        {"name": "", "url": "ftp://example.com", "tags": ["no tag"]},
        [
            ("INVALID_INPUT", ["name"]),
            ("INVALID_INPUT", ["url"]),
            ("INVALID_INPUT", ["tags"]),
        ],
    ),
    (
        "createRole",
        {"name": "\n", "permissions": ["MANAGE_OWN_PROFILE"]},
        [("INVALID_INPUT", ["name"]), ("INVALID_INPUT", ["permissions"])],
    ),
    (
        "createApiToken",
        {"name": "", "scopes": ["MANAGE_USERS"], "expiresAt": "2020-01-01T00:00:00Z"},
        [("INVALID_INPUT", ["name"]), ("INVALID_INPUT", ["expiresAt"])],
    ),
    (
        "createTrustedIssuer",
        {"name": "", "kind": "OTHER", "url": "ftp://example.com", "audience": "a b"},
        [
            ("INVALID_INPUT", ["name"]),
            ("INVALID_INPUT", ["url"]),
            ("INVALID_INPUT", ["audience"]),
        ],
    ),
    (
        "createPipelineRule",
        {
            "issuerId": "x",
            "name": "",
            "userId": "y",
            "conditions": [
                {"claim": "ref", "equals": ["refs/heads/main"]},
                {"claim": "repository_id", "matches": ["12*"]},
                {"claim": "environment", "equals": []},
            ],
            "scopes": ["MANAGE_USERS"],
            "keypairIds": ["z"],
            "lifetimeSeconds": 1,
        },
        [
            ("NOT_FOUND", ["issuerId"]),
            ("INVALID_INPUT", ["name"]),
            ("INVALID_INPUT", ["conditions", "1"]),
            ("INVALID_INPUT", ["conditions", "2"]),
            ("INVALID_INPUT", ["scopes"]),
            ("NOT_FOUND", ["keypairIds", "0"]),
            ("INVALID_INPUT", ["lifetimeSeconds"]),
            ("NOT_FOUND", ["userId"]),
        ],
    ),
    (
        "updateAccount",
        {"requiredApprovals": -1, "maxWindowDays": 0},
        [("INVALID_INPUT", ["requiredApprovals"]), ("INVALID_INPUT", ["maxWindowDays"])],
    ),
]


@pytest.mark.parametrize(("mutation", "wrong", "expected"), CREATED)
def test_what_administrators_change_answers_every_fault(
    small_api: Api, mutation: str, wrong: dict[str, Any], expected: Any
) -> None:
    before = small_api.world.snapshot() if small_api.token("admin") else None
    assert faults(small_api.try_("admin", mutation, wrong)) == expected
    assert small_api.world.snapshot() == before


def test_a_member_at_fault_is_named_by_the_index(small_api: Api) -> None:
    api = small_api
    members = [api.id("User", "ann"), api.id("Team", "blue"), api.id("User", "bob")]
    change = {"id": api.id("Team", "blue"), "memberIds": members, "name": "\n"}
    assert faults(api.try_("admin", "updateTeam", change)) == [
        ("INVALID_INPUT", ["name"]),
        ("NOT_FOUND", ["memberIds", "1"]),
    ]


def test_a_list_is_read_once_for_all_of_its_faults(
    small_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(id_: str) -> UUID:
        read.append(id_)
        return local_id(id_)

    monkeypatch.setattr(errors, "local_id", counted)
    keypairs = [str(number) for number in range(MAX_LISTED_FAULTS - 10)]
    payload = small_api.try_("dev", "createRelease", release_input(small_api, keypairIds=keypairs))
    indexes = {error["field"][1] for error in payload["errors"] if len(error["field"] or ()) == 2}
    assert indexes == set(keypairs)
    assert len(read) == len(keypairs)


def test_of_very_many_faults_the_first_are_listed(small_api: Api) -> None:
    def answer(number: int) -> list[dict[str, Any]]:
        members = [str(index) for index in range(number)]
        team = {"name": "Azure", "memberIds": members}
        errors: list[dict[str, Any]] = small_api.try_("admin", "createTeam", team)["errors"]
        return errors

    assert len(answer(MAX_LISTED_FAULTS)) == MAX_LISTED_FAULTS
    *listed, last = answer(MAX_LISTED_FAULTS + 23)
    assert len(listed) == MAX_LISTED_FAULTS
    assert {error["field"][0] for error in listed} == {"memberIds"}
    assert (last["code"], last["field"]) == ("INVALID_INPUT", None)
    assert last["message"].startswith("There are 23 more faults.")


def test_an_origin_condition_at_fault_is_named_by_its_index(small_api: Api) -> None:
    conditions = [
        {"claim": "repository_id", "equals": ["4711"]},
        {"claim": "environment", "matches": ["*"]},
    ]
    wrong = release_input(small_api, originCondition=conditions)
    assert faults(small_api.try_("dev", "createRelease", wrong)) == [
        ("INVALID_INPUT", ["originCondition", "1"])
    ]


def test_a_change_of_a_rule_answers_every_fault(small_api: Api) -> None:
    api = small_api
    rule = to_global("PipelineRule", make_rule(api.world))
    conditions = [{"claim": "ref", "matches": ["refs/tags/v*"]}, {"claim": " ", "equals": ["x"]}]
    change = {"id": rule, "name": "", "conditions": conditions, "keypairIds": ["x"]}
    assert faults(api.try_("admin", "updatePipelineRule", change)) == [
        ("INVALID_INPUT", ["name"]),
        ("INVALID_INPUT", ["conditions", "1"]),
        ("INVALID_INPUT", ["conditions"]),
        ("NOT_FOUND", ["keypairIds", "0"]),
    ]
