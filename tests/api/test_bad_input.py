"""Bad input: a clear error each, and nothing is written, not even a ledger entry.

What is well-formed and breaks a rule is an attempt, and leaves one.
"""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.refusals import tags

PAST, SOON, LATER = "2030-06-03T11:00:00Z", "2030-06-03T13:00:00Z", "2030-06-03T15:00:00Z"


def release_input(api: Api, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Falcon 1.0",
        "type": "OFFLINE",
        "teamId": api.id("Team", "blue"),
        "keypairIds": [api.id("Keypair", "vault")],
        "startsAt": SOON,
        "endsAt": LATER,
        "maxSignatures": 5,
    } | changes


def everything(api: Api) -> tuple[Any, ...]:
    return api.world.snapshot(), [tuple(row) for row in api.world.ledger()]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"teamId": "VGVhbTowMDAw"}, "NOT_FOUND", "teamId"),
        ({"teamId": "not an id"}, "NOT_FOUND", "teamId"),
        ({"keypairIds": ["S2V5cGFpcjoK"]}, "NOT_FOUND", "keypairIds 0"),
        ({"keypairIds": []}, "INVALID_INPUT", "keypairIds"),
        ({"maxSignatures": 0}, "INVALID_INPUT", "maxSignatures"),
        ({"maxSignatures": -1}, "INVALID_INPUT", "maxSignatures"),
        ({"name": ""}, "INVALID_INPUT", "name"),
        ({"name": " \t "}, "INVALID_INPUT", "name"),
        ({"name": "n" * 10_000}, "INVALID_INPUT", "name"),
        ({"name": "Falcon\nBcc: eve@example.com"}, "INVALID_INPUT", "name"),
        ({"name": "Falcon\r\nBcc: eve@example.com"}, "INVALID_INPUT", "name"),
        ({"name": "Falcon\x00"}, "INVALID_INPUT", "name"),
        ({"name": "Falcon\u2028 1.0"}, "INVALID_INPUT", "name"),
        ({"name": "Falcon\u202e0.1"}, "INVALID_INPUT", "name"),
        ({"version": "1\n0"}, "INVALID_INPUT", "version"),
        ({"note": "x" * 10_001}, "INVALID_INPUT", "note"),
        ({"note": "bell\x07"}, "INVALID_INPUT", "note"),
        ({"status": "COMPLETED"}, "INVALID_INPUT", "status"),
    ],
)
def test_a_malformed_request_writes_nothing(
    api: Api, changes: dict[str, Any], code: str, field: str
) -> None:
    input_ = release_input(api, **changes)
    api.token("dev")
    before = everything(api)
    payload = api.try_("dev", "createRelease", input_, "release { id }")
    assert payload["release"] is None
    # Of an item of a list it is the index, too.
    assert [(e["code"], e["field"]) for e in payload["errors"]] == [(code, field.split())]
    assert everything(api) == before


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"startsAt": PAST, "endsAt": "2030-06-03T11:59:59Z"}, "WINDOW_PASSED", "endsAt"),
        ({"startsAt": LATER, "endsAt": SOON}, "WINDOW_INVALID", "endsAt"),
        ({"startsAt": SOON, "endsAt": SOON}, "WINDOW_INVALID", "endsAt"),
        (
            {"startsAt": "0001-01-01T00:00:00Z", "endsAt": "9999-12-31T23:59:59Z"},
            "WINDOW_INVALID",
            "startsAt",
        ),
        ({"teamId": None}, "TEAM_REQUIRED", "teamId"),
    ],
)
def test_a_request_that_a_rule_refuses_leaves_one_entry_and_nothing_else(
    api: Api, changes: dict[str, Any], code: str, field: str
) -> None:
    input_ = release_input(api, **changes)
    api.token("dev")
    snapshot, entries = everything(api)
    payload = api.try_("dev", "createRelease", input_, "release { id }")
    assert payload["release"] is None
    # Of an item of a list it is the index, too.
    assert [(e["code"], e["field"]) for e in payload["errors"]] == [(code, field.split())]
    assert everything(api)[0] == snapshot
    assert tags(api.world, len(entries)) == ["attempt:refused"]


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"startsAt": "tomorrow"}, "instant"),
        ({"startsAt": "2030-06-03T13:00:00"}, "offset"),
        ({"startsAt": "0001-01-01T00:00:00+14:00"}, "instant"),
        ({"maxSignatures": 2**31}, "Int"),
        ({"maxSignatures": "5"}, "Int"),
        ({"type": "SECRET"}, "ReleaseType"),
        ({"surprise": True}, "surprise"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_before_it_runs(
    api: Api, changes: dict[str, Any], about: str
) -> None:
    input_ = release_input(api, **changes)
    api.token("dev")
    before = everything(api)
    query = "mutation ($i: CreateReleaseInput!) { createRelease(input: $i) { errors { code } } }"
    answer = api.post("dev", query, i=input_)
    assert about in answer["errors"][0]["message"]
    assert everything(api) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"digest": "AAAA"}, "INVALID_INPUT"),
        ({}, "INVALID_INPUT"),
        ({"digest": "A" * 43 + "=", "content": "AAAA"}, "INVALID_INPUT"),
        ({"content": "AAAA"}, "INVALID_INPUT"),
        ({"digest": "A" * 43 + "=", "digestAlgorithm": "SHA512"}, "INVALID_INPUT"),
        ({"digest": "A" * 43 + "=", "idempotencyKey": "a\nb"}, "INVALID_INPUT"),
        ({"digest": "A" * 43 + "=", "idempotencyKey": ""}, "INVALID_INPUT"),
        ({"digest": "A" * 43 + "=", "keypairId": "x"}, "NOT_FOUND"),
    ],
)
def test_a_malformed_digest_writes_nothing(api: Api, changes: dict[str, Any], code: str) -> None:
    input_ = {"keypairId": api.id("Keypair", "vault")} | changes
    api.token("dev")
    before = everything(api)
    payload = api.try_("dev", "sign", input_, "signature { id }")
    assert [e["code"] for e in payload["errors"]] == [code]
    assert everything(api) == before


def test_base64_that_is_none_is_refused_before_it_runs(api: Api) -> None:
    query = "mutation ($i: SignInput!) { sign(input: $i) { errors { code } } }"
    input_ = {"keypairId": api.id("Keypair", "vault"), "digest": "!!"}
    assert "base64" in api.post("dev", query, i=input_)["errors"][0]["message"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer csn_wrong",
        "Bearer ",
        "Basic YTpi",
        "csn_wrong",
        "Bearer \u00e4",
        "Bearer " + "x" * 5000,
    ],
)
def test_a_bad_token_is_nobody(api: Api, header: str) -> None:
    before = everything(api)
    answer = api.client.post(
        "/graphql",
        json={"query": 'mutation { revokeApiToken(input: {id: "x"}) { errors { code } } }'},
        headers={"Authorization": header.encode("latin-1")},
    ).json()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert everything(api) == before


def test_another_accounts_things_do_not_exist(api: Api) -> None:
    from engine.commands.administration.account import create_account
    from engine.commands.keys.create_keypair import CreateKeypair
    from engine.model.principal import Principal
    from engine.model.vocabulary import ReleaseType

    system = api.world.system
    other = create_account(system, "Other", "admin@example.com")
    stranger = Principal(account_id=other.account_id, user_id=other.user_id)
    command = CreateKeypair(alias="theirs", type=ReleaseType.OFFLINE)
    theirs = command.run(system, stranger)
    api.token("dev")
    before = everything(api)
    payload = api.try_(
        "dev", "createRelease", release_input(api, keypairIds=[api.id("Keypair", theirs)])
    )
    assert [e["code"] for e in payload["errors"]] == ["NOT_FOUND"]
    sign = {"keypairId": api.id("Keypair", theirs), "digest": "A" * 43 + "="}
    assert [e["code"] for e in api.try_("dev", "sign", sign)["errors"]] == ["NOT_FOUND"]
    assert everything(api) == before


@pytest.mark.parametrize(
    "query",
    [
        '{ releases(filter: { nameContains: "a\\u0000" }) { totalCount } }',
        '{ release(name: "a\\u0000") { id } }',
        '{ keypairs(filter: { aliasContains: "\\u0000" }) { totalCount } }',
        '{ users(filter: { emailContains: "\\u0000" }) { totalCount } }',
        '{ ledger(filter: { tags: ["\\u0000"] }) { edges { cursor } } }',
    ],
)
def test_what_no_name_can_have_in_it_finds_nothing(api: Api, query: str) -> None:
    (found,) = api.ask("admin", query).values()
    assert found in (None, {"totalCount": 0}, {"edges": []})
