"""Webhooks through GraphQL, as the dashboard uses them."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from api.graphql.endpoint import Endpoint
from api.runtime.channels import MessageSettings
from api.runtime.runtime import Runtime
from engine.concurrency.executor import Executor
from engine.signing.service import SigningService
from notifications.channels.smtp import SmtpChannel
from notifications.channels.webhook import WebhookChannel
from tests.support.api import Api
from tests.support.notices import LINK_KEY
from tests.support.webhook_receiver import Receiver
from tests.support.webhooks import KEY, Hooks
from tests.support.world import World

WEBHOOK = "webhook { id name url tags active disabledReason previousSecretUntil }"
LIST = """{ webhooks { totalCount edges { node { name
  deliveries(first: 5) { totalCount edges { node { id tag state lastError } } } } } } }"""


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    executor = Executor(world.system.database, threads=4)
    email = SmtpChannel("smtp://127.0.0.1:1?tls=none", "Countersign <c@example.com>")
    telling = MessageSettings(
        channels={"email": email, "webhook": WebhookChannel(KEY)},
        link_key=LINK_KEY,
        webhook_key=KEY,
        allow_private=True,
    )
    gate = SigningService(world.system, executor)
    runtime = Runtime(world.system, executor, gate, message_settings=telling)
    app = Starlette(routes=[Route("/graphql", Endpoint(runtime, ide=False))])
    with TestClient(app) as client:
        yield Api(world, client)
    executor.shutdown()


def make(api: Api, url: str = "https://hooks.example.com/a", **more: Any) -> Any:
    input_ = {"name": "CI", "url": url} | more
    return api.change("admin", "createWebhook", input_, f"secret {WEBHOOK}")


def test_make_change_and_rotate(api: Api) -> None:
    webhook = make(api)
    id_ = webhook["webhook"]["id"]
    assert webhook["secret"].startswith("whsec_")
    assert webhook["webhook"]["tags"] == ["release:*"]

    input_ = {"id": id_, "name": "CD", "tags": ["release:approved"]}
    changed = api.change("admin", "updateWebhook", input_, WEBHOOK)
    assert changed["webhook"]["name"] == "CD"
    assert changed["webhook"]["tags"] == ["release:approved"]

    rotated = api.change("admin", "rotateWebhookSecret", {"id": id_}, f"secret {WEBHOOK}")
    assert rotated["secret"] not in (None, webhook["secret"])
    assert rotated["webhook"]["previousSecretUntil"] == "2030-06-04T12:00:00.000000Z"
    assert (
        api.ask("admin", "query ($id: ID!) { node(id: $id) { id } }", id=id_)["node"]["id"] == id_
    )


def test_whoever_does_not_manage_the_account_sees_none(api: Api) -> None:
    id_ = make(api)["webhook"]["id"]

    answer = api.post("ann", LIST)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert api.ask("ann", "query ($id: ID!) { node(id: $id) { id } }", id=id_)["node"] is None
    (error,) = api.try_("ann", "updateWebhook", {"id": id_, "active": False})["errors"]
    assert error["code"] == "FORBIDDEN"


@pytest.mark.anyio
async def test_what_was_sent_can_be_seen_and_sent_again(
    api: Api, hooks: Hooks, receiver: Receiver
) -> None:
    id_ = make(api, receiver.url())["webhook"]["id"]
    receiver.status["/hook"] = 500
    api.change("admin", "sendTestWebhook", {"id": id_}, "delivery { id state tag }")
    await hooks.send()

    (edge,) = api.ask("admin", LIST)["webhooks"]["edges"]
    (sent,) = edge["node"]["deliveries"]["edges"]
    assert edge["node"]["deliveries"]["totalCount"] == 1
    assert (sent["node"]["tag"], sent["node"]["state"]) == ("webhook:test", "QUEUED")
    assert sent["node"]["lastError"] == "it answered 500"
    (error,) = api.try_("admin", "resendDelivery", {"id": sent["node"]["id"]})["errors"]
    assert error["code"] == "WRONG_STATUS"

    receiver.status.clear()
    api.world.clock.pass_(minutes=1)
    await hooks.send()
    what = "delivery { id } webhookDelivery { id state }"
    again = api.change("admin", "resendDelivery", {"id": sent["node"]["id"]}, what)
    assert again["delivery"] is None
    assert again["webhookDelivery"]["state"] == "QUEUED"
    (error,) = api.try_("ann", "resendDelivery", {"id": sent["node"]["id"]})["errors"]
    assert error["code"] == "NOT_FOUND"
    assert await hooks.send() == 1


def test_a_releases_deliveries_are_those_to_people(api: Api) -> None:
    make(api)
    release = api.world.request()

    query = """query ($id: ID!) { node(id: $id) { ... on Release {
      deliveries { totalCount edges { node { id channel recipient { name } } } } } } }"""
    deliveries = api.ask("dev", query, id=api.id("Release", release))["node"]["deliveries"]

    assert deliveries["totalCount"] == 2
    assert {edge["node"]["channel"] for edge in deliveries["edges"]} == {"email"}
    what = "delivery { id recipient { name } } webhookDelivery { id }"
    input_ = {"id": deliveries["edges"][0]["node"]["id"]}
    (error,) = api.try_("dev", "resendDelivery", input_, what)["errors"]
    assert error["code"] == "WRONG_STATUS"


def test_choosing_what_one_is_told(api: Api) -> None:
    what = "preferences { kind channels }"
    query = """{ viewer { notificationChannels notificationPreferences { kind channels } } }"""
    before = api.ask("dev", query)["viewer"]
    assert before["notificationChannels"] == ["email"]
    assert {tuple(one["channels"]) for one in before["notificationPreferences"]} == {("email",)}

    input_ = {"preferences": [{"kind": "OPENED", "channels": []}]}
    after = api.change("dev", "updateNotificationPreferences", input_, what)["preferences"]
    assert {"kind": "OPENED", "channels": []} in after
    assert api.ask("dev", query)["viewer"]["notificationPreferences"] == after

    for refused in (
        {"kind": "REQUEST", "channels": []},
        {"kind": "OPENED", "channels": ["webhook"]},
        {"kind": "SIGN_IN", "channels": ["email"]},
    ):
        input_ = {"preferences": [refused]}
        (error,) = api.try_("dev", "updateNotificationPreferences", input_)["errors"]
        assert (error["code"], error["field"]) == ("INVALID_INPUT", ["preferences"])
