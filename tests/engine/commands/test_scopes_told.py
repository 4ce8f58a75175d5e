"""Whoever is refused for the sake of their token's scopes is told which scope it lacks."""

from dataclasses import dataclass
from typing import Any

import pytest

from engine.commands.administration.account import UpdateAccount
from engine.commands.command import Command
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import Permission, ReleaseType, Verdict
from engine.persistence.db.pagination import PageArgs
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.queries import history
from engine.queries.context import read
from engine.signing.request import SignRequest
from notifications.webhooks import queries as webhooks
from tests.support.refusals import assert_refused
from tests.support.sign_now import sign
from tests.support.signing import code_of
from tests.support.world import DIGEST, World

P = Permission


def lacks(scope: Permission) -> str:
    return f"This token lacks the scope {scope}. Use one that has it, or sign in."


def without(*scopes: Permission) -> dict[str, Any]:
    return {"scopes": frozenset(Permission) - set(scopes)}


def test_an_approver_whose_token_does_not_approve(world: World) -> None:
    release_id = world.request()
    for command in (
        Decide(release_id=release_id, verdict=Verdict.APPROVE, revision=1),
        Decide(release_id=release_id, verdict=Verdict.REJECT, revision=1, comment="no"),
        WithdrawRelease(release_id=release_id, reason="late"),
    ):
        refusal = assert_refused(
            world, "ann", command, Code.FORBIDDEN, **without(P.APPROVE_RELEASE)
        )
        assert refusal.message == lacks(P.APPROVE_RELEASE)
        # Whoever is none is told that.
        other = assert_refused(
            world,
            "eve",
            command,
            Code.NOT_FOUND,
            recorded=False,
            **without(P.APPROVE_RELEASE),
        )
        assert "scope" not in other.message


def test_in_an_open_window_too(world: World) -> None:
    release_id = world.approved()
    world.clock.pass_(hours=1)
    for command in (
        StopRelease(release_id=release_id, reason="leak"),
        CloseRelease(release_id=release_id),
    ):
        refusal = world.refused("ann", command, **without(P.APPROVE_RELEASE))
        assert (refusal.code, refusal.message) == (Code.FORBIDDEN, lacks(P.APPROVE_RELEASE))


def test_a_requester_whose_token_does_not_request(world: World) -> None:
    release_id = world.request()
    more = without(P.REQUEST_RELEASE)
    withdrawing = WithdrawRelease(release_id=release_id, reason="late")
    refusal = assert_refused(world, "dev", withdrawing, Code.FORBIDDEN, **more)
    assert refusal.message == lacks(P.REQUEST_RELEASE)
    requesting = RequestRelease(fields=world.fields(name="Next"))
    refusal = assert_refused(world, "dev", requesting, Code.FORBIDDEN, **more)
    assert refusal.message == lacks(P.REQUEST_RELEASE)


def test_a_field_that_a_wider_token_could_change(world: World) -> None:
    release_id = world.approved()
    world.clock.pass_(hours=1)
    command = ReviseRelease(
        release_id=release_id,
        revision=world.release(release_id).revision,
        changes={"max_signatures": 6},
    )
    refusal = world.refused("ann", command, **without(P.APPROVE_RELEASE))
    assert (refusal.code, refusal.message) == (Code.FORBIDDEN, lacks(P.APPROVE_RELEASE))
    assert refusal.field == ("max_signatures",)
    # For the requester no token would do.
    refusal = world.refused("dev", command, **without(P.APPROVE_RELEASE))
    assert refusal.code is Code.FIELD_LOCKED


def test_two_scopes_where_one_would_not_do(world: World) -> None:
    """An administrator sees every release, and so requests for teams that they are not in."""
    command = RequestRelease(fields=world.fields(name="Next"))
    more = {"scopes": frozenset({P.REQUEST_RELEASE})}
    refusal = assert_refused(world, "admin", command, Code.FORBIDDEN, "team_id", **more)
    assert refusal.message == (
        "This token lacks the scopes MANAGE_ACCOUNT, VIEW_RELEASES."
        " Use one that has it, or sign in."
    )


def test_what_the_person_does_not_hold_no_token_would_do(world: World) -> None:
    command = UpdateAccount(account_id=world.account_id, settings={"signing_frozen": True})
    for more in ({}, without(P.MANAGE_ACCOUNT)):
        refusal = assert_refused(world, "dev", command, Code.FORBIDDEN, **more)
        assert refusal.message == (
            "You need the permission Manage account. Ask an administrator for it."
        )
    refusal = assert_refused(world, "admin", command, Code.FORBIDDEN, **without(P.MANAGE_ACCOUNT))
    assert refusal.message == lacks(P.MANAGE_ACCOUNT)


def test_the_factor_of_a_signature(world: World) -> None:
    world.add_keypair("web", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "web"])
    web = world.things["web"]
    request = SignRequest(keypair_id=web, digest=DIGEST)
    (outcome,) = sign(world.system, world.principal("dev", **without(P.SIGN)), web, [request])
    assert code_of(outcome) is Code.FORBIDDEN
    assert outcome.refusal.message == lacks(P.SIGN)  # type: ignore[union-attr]
    (outcome,) = sign(world.system, world.principal("ann"), web, [request])
    assert outcome.refusal.message == (  # type: ignore[union-attr]
        "You need the permission Sign. Ask an administrator for it."
    )


def test_what_is_read(world: World) -> None:
    for scope, query in (
        (
            P.VIEW_LEDGER,
            lambda reading: history.ledger(reading, history.LedgerFilter(), PageArgs()),
        ),
        (P.MANAGE_ACCOUNT, lambda reading: webhooks.page(reading, PageArgs())),
    ):
        with pytest.raises(Refusal) as refused:
            read(world.system, world.principal("admin", **without(scope)), query)
        assert (refused.value.code, refused.value.message) == (Code.FORBIDDEN, lacks(scope))


# --- which release holds a keypair ----------------------------------------------------------


def test_a_keypair_in_use_names_the_release_and_until_when(world: World) -> None:
    world.request()
    command = RequestRelease(fields=world.fields(name="Next"))
    refusal = assert_refused(world, "ann", command, Code.KEYPAIR_IN_USE, "keypair_ids")
    assert refusal.message == (
        "The keypair vault is held by the release Falcon 1.0 until 2030-06-03 15:00:00 UTC."
        " Wait until it has ended, close or withdraw it, or choose another."
    )


def test_to_those_who_do_not_see_that_release_it_is_another(world: World) -> None:
    world.request()
    world.add_team("red", ["ann", "bob", "eve"], ["vault"], 2)
    fields = world.fields(name="Next", team_id=world.things["red"])
    refusal = assert_refused(world, "eve", RequestRelease(fields=fields), Code.KEYPAIR_IN_USE)
    assert refusal.message == (
        "The keypair vault is held by another open release. Wait until that has ended,"
        " or choose another."
    )


def test_an_edit_names_it_too(world: World) -> None:
    world.request()
    spare = frozenset({world.things["spare"]})
    other = world.request(name="Other", keypair_ids=spare)
    both = {"keypair_ids": spare | {world.things["vault"]}}
    command = ReviseRelease(release_id=other, revision=1, changes=both)
    refusal = assert_refused(world, "dev", command, Code.KEYPAIR_IN_USE, "keypair_ids")
    assert "held by the release Falcon 1.0 until" in refusal.message


@dataclass(frozen=True)
class TakeVault(Command[None]):
    """Goes past the checks, as a request does that overtakes another one's."""

    command_name = "take_vault"

    world: World

    def apply(self, uow: UnitOfWork) -> None:
        other = self.world.things["other"]
        row = {"release_id": other, "keypair_id": self.world.things["vault"], "held": True}
        uow.connection.execute(t.release_keypairs.insert(), row)


@pytest.mark.parametrize("who", ["dev", "gus"])
def test_the_constraint_names_it_as_far_as_the_database_says_which_keypair(
    world: World, who: str
) -> None:
    world.request()
    spare = frozenset({world.things["spare"]})
    world.things["other"] = world.request(name="Other", keypair_ids=spare)
    world.add_user("gus", "DEVELOPER")
    refusal = assert_refused(world, who, TakeVault(world), Code.KEYPAIR_IN_USE, "keypair_ids")
    named = "The keypair vault is held by the release Falcon 1.0 until" in refusal.message
    assert named == (who == "dev" and not world.system.database.is_sqlite)
    if not named:
        took = "Another release took one of the keypairs just now. Choose another."
        assert refusal.message == took
