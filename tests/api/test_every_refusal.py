"""Every refusal code is reached once through GraphQL, by somebody who would meet it."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.ids import to_global
from api.timestamps.authority import TimeStampAuthority
from engine.concurrency.executor import Executor
from engine.model.errors import Code
from engine.model.vocabulary import ReleaseType
from engine.persistence.db.ids import uuid7
from engine.signers.base import SignerFailed
from notifications.tables import deliveries
from tests.support.api import Api, make_api
from tests.support.world import DIGEST

Scenario = Callable[[Api], Any]
SCENARIOS: dict[Code, Scenario] = {}
RELEASE = "release { id revision status }"


def reaches(code: Code) -> Callable[[Scenario], Scenario]:
    def register(scenario: Scenario) -> Scenario:
        assert code not in SCENARIOS
        SCENARIOS[code] = scenario
        return scenario

    return register


def create(api: Api, who: str = "dev", **changes: Any) -> Any:
    input_ = {
        "name": "Falcon 1.0",
        "type": "OFFLINE",
        "teamId": api.id("Team", "blue"),
        "keypairIds": [api.id("Keypair", "vault")],
        "startsAt": "2030-06-03T13:00:00Z",
        "endsAt": "2030-06-03T15:00:00Z",
        "maxSignatures": 1,
    }
    return api.try_(who, "createRelease", input_ | changes, RELEASE)


def created(api: Api, **changes: Any) -> dict[str, Any]:
    payload = create(api, **changes)
    assert payload["errors"] == []
    release: dict[str, Any] = payload["release"]
    return release


def approve(api: Api, name: str, release: dict[str, Any], **changes: Any) -> Any:
    input_ = {"id": release["id"], "revision": release["revision"]} | changes
    return api.try_(name, "approveRelease", input_, RELEASE)


def approved(api: Api) -> dict[str, Any]:
    release = created(api)
    for name in ("ann", "bob"):
        assert approve(api, name, release)["errors"] == []
    return release


def opened(api: Api) -> dict[str, Any]:
    release = approved(api)
    api.world.clock.pass_(hours=1)
    return release


def sign(api: Api, name: str = "dev", alias: str = "vault", **changes: Any) -> Any:
    input_ = {"keypairId": api.id("Keypair", alias), "digest": b64encode(DIGEST).decode()}
    return api.try_(name, "sign", input_ | changes, "signature { id } factors { name passed code }")


def update(api: Api, name: str, release: dict[str, Any], **changes: Any) -> Any:
    input_ = {"id": release["id"], "revision": release["revision"]} | changes
    return api.try_(name, "updateRelease", input_, RELEASE)


@reaches(Code.ORIGIN_MISMATCH)
def somebody_signs_who_is_no_pipeline(api: Api) -> Any:
    condition = [{"claim": "repository_id", "equals": ["4711"]}]
    release = create(api, originCondition=condition)["release"]
    for name in ("ann", "bob"):
        assert approve(api, name, release)["errors"] == []
    api.world.clock.pass_(hours=1)
    return sign(api)


@reaches(Code.NOT_FOUND)
def somebody_elses_release(api: Api) -> Any:
    return approve(api, "eve", created(api))


@reaches(Code.FORBIDDEN)
def a_signer_requests(api: Api) -> Any:
    api.world.add_user("sid", "SIGNER")
    return create(api, "sid")


@reaches(Code.INVALID_INPUT)
def no_signatures(api: Api) -> Any:
    return create(api, maxSignatures=0)


@reaches(Code.NAME_TAKEN)
def the_same_name_in_other_letters(api: Api) -> Any:
    created(api)
    return create(api, name="FALCON 1.0", keypairIds=[api.id("Keypair", "spare")])


@reaches(Code.KEYPAIR_IN_USE)
def the_same_keypair(api: Api) -> Any:
    created(api)
    return create(api, name="Falcon 1.1")


@reaches(Code.KEYPAIR_TYPE_MISMATCH)
def an_offline_keypair_for_an_online_release(api: Api) -> Any:
    return create(api, type="ONLINE")


@reaches(Code.KEYPAIR_CATEGORY_MISMATCH)
def a_standard_keypair_for_a_gpg_release(api: Api) -> Any:
    return create(api, category="GPG")


@reaches(Code.KEYPAIR_CERTIFICATE_MISMATCH)
def a_keypair_without_certificate(api: Api) -> Any:
    return create(api, withDefaultCertificate=True)


@reaches(Code.KEYPAIR_NOT_ALLOWED)
def a_keypair_the_team_was_not_granted(api: Api) -> Any:
    api.world.add_keypair("foreign")
    return create(api, keypairIds=[api.id("Keypair", "foreign")])


@reaches(Code.WINDOW_INVALID)
def an_end_before_the_start(api: Api) -> Any:
    return create(api, endsAt="2030-06-03T12:30:00Z")


@reaches(Code.WINDOW_PASSED)
def a_window_that_is_over(api: Api) -> Any:
    return create(api, startsAt="2030-06-03T10:00:00Z", endsAt="2030-06-03T11:00:00Z")


@reaches(Code.NOT_ENOUGH_APPROVERS)
def the_approvers_own_request_leaves_one_approver(api: Api) -> Any:
    return create(api, "ann")


@reaches(Code.ALREADY_DECIDED)
def approving_twice(api: Api) -> Any:
    release = created(api)
    approve(api, "ann", release)
    return approve(api, "ann", release)


@reaches(Code.OWN_REQUEST)
def approving_what_one_edited(api: Api) -> Any:
    api.world.add_user("cleo", "LEAD")
    members = [api.id("User", name) for name in ("ann", "bob", "cleo", "dev")]
    api.change("admin", "updateTeam", {"id": api.id("Team", "blue"), "memberIds": members}, "")
    release = created(api)
    edited = update(api, "ann", release, maxSignatures=2)["release"]
    return approve(api, "ann", edited)


@reaches(Code.NOT_AN_APPROVER)
def a_developer_approves(api: Api) -> Any:
    return approve(api, "dev", created(api))


@reaches(Code.WRONG_STATUS)
def rejecting_what_is_approved(api: Api) -> Any:
    input_ = {"id": approved(api)["id"], "revision": 1, "comment": "Too early."}
    return api.try_("ann", "rejectRelease", input_)


@reaches(Code.REVISION_CONFLICT)
def editing_what_was_edited_meanwhile(api: Api) -> Any:
    release = created(api)
    update(api, "dev", release, note="one")
    return update(api, "dev", release, note="two")


@reaches(Code.RELEASE_TYPE_DISABLED)
def a_type_the_account_does_not_use(api: Api) -> Any:
    api.change("admin", "updateAccount", {"enabledReleaseTypes": ["TEST"]}, "")
    return create(api)


@reaches(Code.LAST_ADMINISTRATOR)
def the_last_administrator_leaves(api: Api) -> Any:
    return api.try_("admin", "updateUser", {"id": api.id("User", "admin"), "active": False})


@reaches(Code.OVERLOADED)
def too_much_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    full = Executor(api.world.system.database, max_pending=0)
    monkeypatch.setattr(Executor, "write", full.write)
    return create(api)


@reaches(Code.RATE_LIMITED)
def one_message_again_and_again(api: Api) -> Any:
    world, delivery_id = api.world, uuid7()
    with world.system.database.writing() as connection:
        connection.execute(
            deliveries.insert().values(
                id=delivery_id,
                account_id=world.account_id,
                user_id=world.people["ann"],
                channel="email",
                kind="ADMINISTERED",
                audiences="ADMINISTRATOR",
                facts="{}",
                state="SENT",
                attempts=1,
                next_attempt_at=world.clock.instant,
                created_at=world.clock.instant,
            )
        )
        connection.commit()
    input_ = {"id": to_global("Delivery", delivery_id)}
    assert api.try_("admin", "resendDelivery", input_, "")["errors"] == []
    return api.try_("admin", "resendDelivery", input_, "")


@reaches(Code.SIGNING_FROZEN)
def the_kill_switch(api: Api) -> Any:
    opened(api)
    api.change("admin", "updateAccount", {"signingFrozen": True}, "")
    return sign(api)


@reaches(Code.TEAM_REQUIRED)
def no_team(api: Api) -> Any:
    return create(api, teamId=None)


@reaches(Code.FIELD_LOCKED)
def moving_the_start_of_an_open_window(api: Api) -> Any:
    return update(api, "ann", opened(api), startsAt="2030-06-03T12:30:00Z")


@reaches(Code.NOT_A_PARTICIPANT)
def another_teams_member_signs(api: Api) -> Any:
    opened(api)
    api.world.add_team("red", ["ann", "eve"], ["vault"], 1)
    return sign(api, "eve")


@reaches(Code.OUTSIDE_WINDOW)
def signing_before_the_window(api: Api) -> Any:
    approved(api)
    return sign(api)


@reaches(Code.QUOTA_EXHAUSTED)
def one_signature_too_many(api: Api) -> Any:
    opened(api)
    assert sign(api)["errors"] == []
    return sign(api)


@reaches(Code.KEYPAIR_DISABLED)
def a_disabled_keypair(api: Api) -> Any:
    opened(api)
    change = {"id": api.id("Keypair", "vault"), "enabled": False}
    api.change("admin", "updateKeypair", change, "")
    return sign(api)


@reaches(Code.KEYPAIR_RESTRICTED)
def a_restricted_keypair(api: Api) -> Any:
    opened(api)
    change = {"id": api.id("Keypair", "vault"), "access": "RESTRICTED"}
    api.change("admin", "updateKeypair", change, "")
    return sign(api)


@reaches(Code.IDEMPOTENCY_MISMATCH)
def the_same_idempotency_key_for_another_digest(api: Api) -> Any:
    opened(api)
    assert sign(api, idempotencyKey="build-1")["errors"] == []
    other = b64encode(bytes(32)).decode()
    return sign(api, idempotencyKey="build-1", digest=other)


@reaches(Code.RELEASE_MISMATCH)
def a_signature_for_another_release(api: Api) -> Any:
    opened(api)
    return sign(api, releaseId=api.id("Release", uuid4()))


@reaches(Code.BATCH_REFUSED)
def another_digest_of_the_atomic_batch(api: Api) -> Any:
    opened(api)
    digest = b64encode(DIGEST).decode()
    items = [{"digest": digest}, {"digest": "AAAA"}]
    values = {"keypairAlias": "vault", "items": items, "atomic": True}
    payload = api.try_("dev", "signBatch", values, "outcomes { errors { code message } }")
    return payload["outcomes"][0]


@reaches(Code.TIMESTAMP_FAILED)
def the_time_stamping_authority_is_away(api: Api) -> Any:
    opened(api)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        world, authority = api.world, TimeStampAuthority(url, [])
        stamping, runtime = make_api(world, time_stamps=authority)
        with stamping.client:
            payload = sign(stamping, timestamp=True, idempotencyKey="1")
    runtime.executor.shutdown()
    return payload


@reaches(Code.SIGNER_FAILED)
def the_signer_breaks(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    opened(api)

    def broken(*_: Any) -> bytes:
        raise SignerFailed("The HSM does not answer.")

    monkeypatch.setattr(type(api.world.system.signers["local"]), "sign", broken)
    return sign(api)


@pytest.mark.parametrize("code", SCENARIOS)
def test_it_is_refused_with_that_code_alone(
    api: Api, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario: Any = SCENARIOS[code]
    takes_patch = scenario.__code__.co_argcount == 2
    payload = scenario(api, monkeypatch) if takes_patch else scenario(api)
    assert [error["code"] for error in payload["errors"]] == [code.value]
    (error,) = payload["errors"]
    assert error["message"].endswith(".")


def test_no_code_is_forgotten() -> None:
    # These are errors of the whole request, tested with the credentials and with the storage.
    assert SCENARIOS.keys() == set(Code) - {Code.UNAUTHENTICATED, Code.STORAGE_FAILED}


def test_explaining_for_others_and_other_instants_needs_manage_keypairs(api: Api) -> None:
    opened(api)
    query = """query ($i: ExplainSignInput!) { explainSign(input: $i) {
      allowed associatedRelease { name } factors { name passed } } }"""
    vault = api.id("Keypair", "vault")
    own = api.ask("dev", query, i={"keypairId": vault})["explainSign"]
    assert (own["allowed"], own["associatedRelease"]) == (True, {"name": "Falcon 1.0"})
    foreign = {"keypairId": vault, "userId": api.id("User", "dev")}
    assert api.ask("admin", query, i=foreign)["explainSign"]["allowed"] is True
    later = foreign | {"at": "2030-06-03T15:00:00Z"}
    ended = api.ask("admin", query, i=later)["explainSign"]
    assert ended["allowed"] is False
    assert [f["name"] for f in ended["factors"] if not f["passed"]] == [
        "release_window_open",
        "is_participant",
        "signature_left",
    ]
    refused = api.post("ann", query, i=foreign)["errors"][0]
    assert refused["extensions"]["code"] == "FORBIDDEN"


def test_an_online_signature_outside_of_releases_is_unassociated(api: Api) -> None:
    api.world.add_keypair("nightly", ReleaseType.ONLINE)
    granted = [api.id("Keypair", alias) for alias in ("vault", "spare", "nightly")]
    api.change("admin", "updateTeam", {"id": api.id("Team", "blue"), "keypairIds": granted}, "")
    what = "signature { release { id } }"
    input_ = {"keypairId": api.id("Keypair", "nightly"), "digest": b64encode(DIGEST).decode()}
    assert api.change("dev", "sign", input_, what)["signature"]["release"] is None
    api.change("admin", "updateAccount", {"restrictSigningToReleases": True}, "")
    refused = api.try_("dev", "sign", input_, what)
    assert [error["code"] for error in refused["errors"]] == ["OUTSIDE_WINDOW"]


def test_a_batch_answers_for_each_digest(api: Api) -> None:
    opened(api)
    digest = b64encode(DIGEST).decode()
    items = [{"digest": digest}, {"digest": digest}, {"digest": "AAAA"}]
    payload = api.change(
        "dev",
        "signBatch",
        {"keypairId": api.id("Keypair", "vault"), "items": items},
        "outcomes { signature { value } errors { code } }",
    )
    signed, over, malformed = payload["outcomes"]
    assert signed["signature"]["value"]
    assert [e["code"] for e in over["errors"]] == ["QUOTA_EXHAUSTED"]
    assert [e["code"] for e in malformed["errors"]] == ["INVALID_INPUT"]
