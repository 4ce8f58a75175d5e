"""The device flow: a command line gets a session that its person confirms in a browser."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from api.web.oauth.device_flow import CLIENT_ID, GRANT_TYPE
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials import device_sign_in
from engine.commands.credentials.device_sign_in import (
    ATTEMPTS_PERIOD,
    DecideDevice,
    StartDeviceSession,
)
from engine.model.errors import Code
from engine.persistence.store import tables as t
from tests.api.web.sign_in.site import PUBLIC, WHO, Person, Site, open_site
from tests.support.refusals import assert_refused, details_of
from tests.support.world import World, make_world

SESSIONS = "{ viewer { user { sessions { id method deviceName userAgent current } } } }"


class Device:
    """A command line that signs in, which has no cookies."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.codes: dict[str, Any] = {}

    async def begin(self, **fields: str) -> dict[str, Any]:
        fields = {"client_id": CLIENT_ID, "device_name": "ann's laptop"} | fields
        answer = await self.client.post("/oauth/device_authorization", data=fields)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        self.codes = answer.json()
        return self.codes

    async def poll(self, **fields: str) -> tuple[int, dict[str, Any]]:
        fields = {
            "grant_type": GRANT_TYPE,
            "client_id": CLIENT_ID,
            "device_code": self.codes["device_code"],
        } | fields
        answer = await self.client.post("/oauth/token", data=fields)
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, answer.json()

    async def error(self, **fields: str) -> str:
        status, body = await self.poll(**fields)
        assert status == 400, body
        assert body["error_description"].endswith(".")
        return str(body["error"])

    async def secret(self) -> str:
        status, body = await self.poll()
        assert status == 200, body
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 7 * 24 * 3600)
        return str(body["access_token"])


async def device_of(site: Site) -> Device:
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(site.app, client=("192.0.2.7", 4711)),
        base_url=PUBLIC,
        headers={"User-Agent": "countersign/2.0"},
    )
    return Device(await site.stack.enter_async_context(client))


async def decide(person: Person, code: str, decision: str) -> httpx2.Response:
    return await person.post("/device", user_code=code, decision=decision)


async def who(site: Site, secret: str) -> str | None:
    return await (await site.person(Authorization=f"Bearer {secret}")).who()


async def test_a_confirmed_device_is_signed_in_as_the_person_who_confirmed(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    codes = await device.begin()
    assert codes["verification_uri"] == f"{PUBLIC}/device"
    assert codes["verification_uri_complete"] == f"{PUBLIC}/device?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert await device.error() == "authorization_pending"

    shown = (await ann.post("/device", user_code=codes["user_code"])).text
    for fact in ("ann&#39;s laptop", "192.0.2.7", "countersign/2.0", codes["user_code"]):
        assert fact in shown
    assert "Only confirm if you started this yourself" in shown
    answer = await decide(ann, codes["user_code"].lower(), "confirm")
    assert "The device is signed in" in answer.text

    secret = await device.secret()
    assert await who(site, secret) == "ann@example.com"
    assert await device.error() == "invalid_grant"


async def test_its_session_is_listed_by_name_and_revoked_like_any_other(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    await decide(ann, device.codes["user_code"], "confirm")
    secret = await device.secret()
    on_device = await site.person(Authorization=f"Bearer {secret}")
    sessions = (await on_device.query(SESSIONS))["data"]["viewer"]["user"]["sessions"]
    (row,) = [session for session in sessions if session["deviceName"]]
    assert row["deviceName"] == "ann's laptop"
    assert (row["method"], row["userAgent"], row["current"]) == ("MAIL", "countersign/2.0", True)
    assert "ann&#39;s laptop" in (await ann.get("/sign-in")).text
    revoke = f'mutation {{ revokeSession(input: {{id: "{row["id"]}"}}) {{ errors {{ code }} }} }}'
    assert (await ann.query(revoke))["data"] == {"revokeSession": {"errors": []}}
    assert await who(site, secret) is None


async def test_the_ledger_says_which_session_confirmed_which_device(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    await decide(ann, device.codes["user_code"], "confirm")
    await device.secret()
    browser, started = site.world.ledger(tag="session:started")
    assert details_of(started)["device_name"] == "ann's laptop"
    session_id = details_of(browser)["session_id"]
    assert json.loads(started.body)["credential"] == {"kind": "SESSION", "id": session_id}


async def test_a_denied_device_gets_nothing(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    answer = await decide(ann, device.codes["user_code"], "deny")
    assert "tell your administrators" in answer.text
    assert await device.error() == "access_denied"
    assert (await decide(ann, device.codes["user_code"], "confirm")).status_code == 422
    assert await device.error() == "access_denied"


async def test_who_asks_too_often_has_to_wait_longer(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    assert await device.error() == "authorization_pending"
    site.world.clock.pass_(seconds=4)
    assert await device.error() == "slow_down"
    site.world.clock.pass_(seconds=9)
    assert await device.error() == "slow_down"
    site.world.clock.pass_(seconds=15)
    assert await device.error() == "authorization_pending"
    await decide(ann, device.codes["user_code"], "confirm")
    assert await device.secret()


async def test_codes_end_after_ten_minutes_confirmed_or_not(site: Site) -> None:
    first, second, ann = await device_of(site), await device_of(site), await site.signed_in("ann")
    await first.begin()
    await second.begin()
    await decide(ann, first.codes["user_code"], "confirm")
    site.world.clock.pass_(minutes=10)
    assert [await first.error(), await second.error()] == ["expired_token", "expired_token"]
    assert (await decide(ann, second.codes["user_code"], "confirm")).status_code == 422


async def test_of_many_who_redeem_one_code_at_once_one_gets_a_session(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    await decide(ann, device.codes["user_code"], "confirm")
    answers = await asyncio.gather(*(device.poll() for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200, *[400] * 7]
    assert {body["error"] for status, body in answers if status == 400} == {"invalid_grant"}


async def test_the_device_gets_nothing_once_the_confirming_session_has_ended(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    await decide(ann, device.codes["user_code"], "confirm")
    await ann.post("/sign-out")
    assert await device.error() == "invalid_grant"
    assert len(site.world.ledger(tag="session:started")) == 1


async def test_deactivation_ends_the_device_and_what_it_waits_for(site: Site) -> None:
    world, ann = site.world, await site.signed_in("ann")
    signed_in, waiting = await device_of(site), await device_of(site)
    for device in (signed_in, waiting):
        await device.begin()
        await decide(ann, device.codes["user_code"], "confirm")
    secret = await signed_in.secret()
    for active in (False, True):
        world.do("admin", UpdateUser(user_id=world.people["ann"], active=active))
    assert await who(site, secret) is None
    assert await waiting.error() == "invalid_grant"


async def test_what_one_person_has_confirmed_is_nobody_elses(site: Site) -> None:
    world, device, ann = site.world, await device_of(site), await site.signed_in("ann")
    await device.begin()
    await decide(ann, device.codes["user_code"], "confirm")
    with world.system.database.reading() as connection:
        id_ = connection.scalar(sa.select(t.device_authorizations.c.id))
    assert id_ is not None
    command = StartDeviceSession(authorization_id=id_)
    other = make_world(world.system.database, account="Umbrella")
    assert_refused(world, "bob", command, Code.WRONG_STATUS)
    assert_refused(other, "ann", command, Code.WRONG_STATUS)
    assert await device.secret()


async def test_nobody_decides_without_a_session_and_nothing_by_get(site: Site) -> None:
    device, stranger = await device_of(site), await site.person()
    code = (await device.begin())["user_code"]
    answer = await stranger.get(f"/device?user_code={code}")
    back = f"%2Fdevice%3Fuser_code%3D{code}"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={back}")
    assert (await decide(stranger, code, "confirm")).status_code == 303
    ann = await site.signed_in("ann")
    page = (await ann.get(f"/device?user_code={code}&decision=confirm")).text
    assert f'value="{code}"' in page
    assert "ann&#39;s laptop" not in page
    assert await device.error() == "authorization_pending"


async def test_signing_in_leads_back_to_the_page(site: Site) -> None:
    person = await site.person()
    where = (await person.get("/device?user_code=bcdf-ghjk")).headers["location"]
    assert "BCDF-GHJK" in (await person.get(where)).text
    await person.post("/sign-in", address="ann@example.com", next="/device?user_code=BCDF-GHJK")
    answer = await person.post(await site.link("ann"))
    assert answer.headers["location"] == "/device?user_code=BCDF-GHJK"


async def test_a_foreign_page_cannot_confirm(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    code = (await device.begin())["user_code"]
    for foreign in ("cross-site", "same-site", "none"):
        answer = await ann.post("/device", site=foreign, user_code=code, decision="confirm")
        assert answer.status_code == 403
    assert await device.error() == "authorization_pending"


async def test_codes_cannot_be_guessed_for_long(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    answers = [await ann.post("/device", user_code="BCDF-GHJK") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert (await decide(ann, device.codes["user_code"], "confirm")).status_code == 429
    assert await device.error() == "authorization_pending"


async def test_the_limit_of_codes_holds_over_sessions_and_processes(site: Site) -> None:
    device = await device_of(site)
    await device.begin()
    async with open_site(site.world) as other:
        people = [await each.signed_in("ann") for each in (site, other)]
        answers = [
            (await person.post("/device", user_code="BCDF-GHJK")).status_code
            for _ in range(6)
            for person in people
        ]
        assert answers == [422] * 10 + [429] * 2
        bob = await other.signed_in("bob")
        assert (await bob.post("/device", user_code="BCDF-GHJK")).status_code == 422
        site.world.clock.pass_(seconds=ATTEMPTS_PERIOD.total_seconds())
        assert (await people[1].post("/device", user_code="BCDF-GHJK")).status_code == 422


@pytest.mark.parametrize(
    ("name", "of_another_client"), [("MAX_WAITING_PER_CLIENT", 200), ("MAX_WAITING", 429)]
)
async def test_devices_that_wait_are_limited_over_all_processes(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, of_another_client: int
) -> None:
    monkeypatch.setattr(device_sign_in, name, 3)
    path, form = "/oauth/device_authorization", {"client_id": CLIENT_ID}
    client = (await device_of(site)).client
    answers = [await client.post(path, data=form) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429]
    assert answers[-1].json()["error"] == "slow_down"
    elsewhere = (await site.person()).client
    assert (await elsewhere.post(path, data=form)).status_code == of_another_client
    site.world.clock.pass_(minutes=10)
    assert (await client.post(path, data=form)).status_code == 200


async def test_no_secret_is_stored(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    codes = await device.begin()
    await decide(ann, codes["user_code"], "confirm")
    secret = await device.secret()
    everything = repr(site.world.snapshot()) + repr(site.world.ledger())
    for value in (secret, codes["device_code"], codes["user_code"]):
        assert value not in everything
        assert value.replace("-", "") not in everything


async def test_a_secret_works_only_where_it_belongs(site: Site) -> None:
    device, ann = await device_of(site), await site.signed_in("ann")
    await device.begin()
    await decide(ann, device.codes["user_code"], "confirm")
    secret = await device.secret()
    assert await (await site.person(Cookie=f"__Host-countersign={secret}")).who() is None
    assert ann.secret is not None
    assert await who(site, ann.secret) is None
    answer = await (await site.person()).query(WHO, Authorization=f"Bearer {secret}x")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"device_code": ""}, 400, "invalid_request"),
        ({"device_code": "x" * 43}, 400, "invalid_grant"),
    ],
)
async def test_a_wrong_request_is_refused_as_the_standard_says(
    site: Site, fields: dict[str, str], status: int, error: str
) -> None:
    device = await device_of(site)
    await device.begin()
    answered, body = await device.poll(**fields)
    assert (answered, body["error"]) == (status, error)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 400),
        (b"client_id=a&client_id=b", "application/x-www-form-urlencoded", 400),
        (b"client_id=%ff", "application/x-www-form-urlencoded", 400),
        (b"client_id=\xff", "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(30)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    site: Site, body: bytes, content_type: str, status: int
) -> None:
    client = (await device_of(site)).client
    for path in ("/oauth/token", "/oauth/device_authorization"):
        answer = await client.post(path, content=body, headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")


@pytest.mark.parametrize("name", ["x" * 201, "two\nlines", "\u202edlrow", " "])
async def test_a_name_that_cannot_be_shown_is_refused(site: Site, name: str) -> None:
    client = (await device_of(site)).client
    fields = {"client_id": CLIENT_ID, "device_name": name}
    answer = await client.post("/oauth/device_authorization", data=fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_codes_are_given_out_at_a_limited_rate(site: Site) -> None:
    client = (await device_of(site)).client
    answers = [
        await client.post("/oauth/device_authorization", data={"client_id": CLIENT_ID})
        for _ in range(61)
    ]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]


async def test_old_codes_are_deleted_when_new_ones_are_made(site: Site) -> None:
    device = await device_of(site)
    await device.begin()
    site.world.clock.pass_(days=1, minutes=11)
    await device.begin()
    with site.world.system.database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(t.device_authorizations)
        assert connection.scalar(count) == 1


def test_a_token_confirms_no_device(world: World) -> None:
    command = DecideDevice(authorization_id=world.people["ann"], confirmed=True)
    assert_refused(world, "ann", command, Code.FORBIDDEN)
