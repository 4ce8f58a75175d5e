"""The SCIM endpoints as the conformance tester `scim2-tester` sees them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

import anyio.to_thread
import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Path, Required, ScimProvider
from scim2_tester import CheckResult, Status, check_server, filling
from starlette.applications import Starlette

from api.web.scim.resources import Group, MemberOfGroup, User, build_provider
from api.web.scim.routes import PATH
from engine.model.vocabulary import Permission
from tests.api.web.scim.conftest import token_of
from tests.support.api import serving
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.world import World

#: The tester makes up texts; these attributes name something that has to be there.
Examples = dict[tuple[str, str], Callable[[], str]]
#: What this service does otherwise, for reasons that docs/scim.md names: check and resource, and
#: how the reason begins.
DEVIATIONS = {
    ("check_remove_attribute", "User", "Attribute 'displayName' was not removed"),
    ("check_remove_attribute", "User", "Attribute 'active' was not removed"),
    ("check_remove_attribute", "User", "Attribute 'locale' was not removed"),
    ("check_remove_attribute", "User", "Attribute 'timezone' was not removed"),
    ("object_deletion", "Group", "Teams are never deleted, since releases name them."),
}
#: Checks of what the configuration says is not supported.
SKIPPED = {"search_with_attributes"}


def examples_of(world: World) -> Examples:
    approvers = [str(world.people[name]) for name in ("ann", "bob")]
    return {
        ("User", "user_name"): lambda: f"{uuid4()}@example.com",
        ("User", "locale"): lambda: random.choice(["de", "en-GB"]),
        ("User", "timezone"): lambda: random.choice(["Europe/Vienna", "Asia/Tokyo"]),
        ("RoleOfUser", "value"): lambda: random.choice(["AUDITOR", "DEVELOPER"]),
        ("MemberOfGroup", "value"): lambda: random.choice(approvers),
    }


class TeamWithMembers(Group):
    """A team with members: without somebody who can approve there is none here."""

    members: Annotated[list[MemberOfGroup] | None, Required.true] = None


def provider_seen() -> ScimProvider:
    ours = build_provider()
    return ScimProvider([User, TeamWithMembers], ours.resource_types, ours.config, ours.policy)


def check(url: str, token: str) -> list[CheckResult]:
    headers = {"Authorization": f"Bearer {token}"}
    with Client(base_url=f"{url}{PATH}", headers=headers) as http:
        return check_server(SyncSCIMClient(http, provider=provider_seen()))


@POSTGRESQL_IS_LONG
async def test_the_tester_finds_nothing_but_what_the_documents_name(
    world: World, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = examples_of(world)

    def example(path: Path[Any]) -> str | None:
        binding = path.resolve()
        if binding is None or binding.target_model is None:
            return None
        make = examples.get((binding.target_model.__name__, binding.target_field_name))
        return make() if make is not None else None

    monkeypatch.setattr(filling, "get_random_example_value", example)
    token = token_of(world, "admin", *Permission)
    with serving(app) as url:
        results = await anyio.to_thread.run_sync(check, url, token)
    assert len(results) > 60
    failed = {
        (str(result.title), str(result.resource_type), str(result.reason))
        for result in results
        if result.status not in (Status.SUCCESS, Status.SKIPPED)
    }
    assert {
        deviation
        for deviation in DEVIATIONS
        for check_, resource, reason in failed
        if (check_, resource) == deviation[:2] and reason.startswith(deviation[2])
    } == DEVIATIONS
    assert len(failed) == len(DEVIATIONS), failed
    skipped = {result.title for result in results if result.status is Status.SKIPPED}
    assert skipped <= SKIPPED
