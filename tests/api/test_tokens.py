"""API tokens over HTTP: what they reach, and that their end holds at the next request."""

from datetime import timedelta
from typing import Any

from api.runtime.credential_usage import write_usage
from api.runtime.runtime import Runtime
from tests.support.api import Api, make_api
from tests.support.world import World

WHO = "{ viewer { user { email } permissions } }"
MADE = "token { id scopes lastUsedAt expiresAt } secret"


def make(api: Api, name: str, label: str, **more: Any) -> dict[str, Any]:
    """A token of this person, made through the API; `label` is its name here."""
    payload: dict[str, Any] = api.change(name, "createApiToken", {"name": label} | more, MADE)
    api.tokens[label] = payload["secret"]
    return payload


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


def test_a_revoked_token_is_nobodys_at_the_next_request(api: Api) -> None:
    token = make(api, "ann", "laptop")
    assert "errors" not in api.post("laptop", WHO)
    api.change("ann", "revokeApiToken", {"id": token["token"]["id"]}, "token { id }")
    assert code(api.post("laptop", WHO)) == "UNAUTHENTICATED"


def test_a_token_ends_at_its_end(api: Api) -> None:
    end = api.world.clock.instant + timedelta(hours=1)
    make(api, "ann", "laptop", expiresAt=end.isoformat())
    api.world.clock.pass_(hours=1, microseconds=-1)
    assert "errors" not in api.post("laptop", WHO)
    api.world.clock.pass_(microseconds=1)
    assert code(api.post("laptop", WHO)) == "UNAUTHENTICATED"


def test_a_token_reaches_as_far_as_its_scopes(api: Api) -> None:
    make(api, "ann", "narrow", scopes=["VIEW_RELEASES"])
    assert api.ask("narrow", WHO)["viewer"]["permissions"] == ["VIEW_RELEASES"]
    make(api, "ann", "usual")
    assert "APPROVE_RELEASE" not in api.ask("usual", WHO)["viewer"]["permissions"]


async def test_its_last_use_is_shown_to_the_minute(world: World) -> None:
    api, runtime = make_api(world)
    with api.client:
        token = make(api, "ann", "laptop")
        assert token["token"]["lastUsedAt"] is None
        world.clock.pass_(hours=1)
        await used(api, runtime)
        seen = api.ask(
            "ann",
            "query ($id: ID!) { node(id: $id) { ... on ApiToken { lastUsedAt } } }",
            id=token["token"]["id"],
        )
    runtime.executor.shutdown()
    assert seen["node"]["lastUsedAt"] == "2030-06-03T13:00:00.000000Z"


async def used(api: Api, runtime: Runtime) -> None:
    api.ask("laptop", WHO)
    await write_usage(runtime)
