"""Every ledger entry says with which credential it was done."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.account import UpdateAccount
from engine.commands.administration.roles import CreateRole
from engine.commands.credentials.api_tokens import CreateApiToken, create_token_as_operator
from engine.commands.credentials.sessions import StartSession
from engine.commands.maintenance.advance_due import advance_due
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.model.errors import Code
from engine.model.vocabulary import Permission, SignInMethod, Verdict
from engine.queries.credentials import principal_of_session, principal_of_token
from engine.signing.request import SignRequest
from tests.support.refusals import assert_refused
from tests.support.sign_now import sign
from tests.support.world import DIGEST, World


def credential(entry: Any) -> dict[str, str | None]:
    credential: dict[str, str | None] = json.loads(entry.body)["credential"]
    return credential


@pytest.mark.parametrize(
    ("proof", "kind"),
    [("token_id", "TOKEN"), ("session_id", "SESSION"), ("link_id", "LINK")],
)
def test_a_deed_names_the_credential_it_was_done_with(world: World, proof: str, kind: str) -> None:
    id_ = uuid4()
    expected = {"kind": kind, "id": str(id_)}
    world.do("admin", CreateRole(name="Helper", permissions=frozenset()), **{proof: id_})
    assert credential(world.ledger()[-1]) == expected
    # What was refused does too.
    freezing = UpdateAccount(account_id=world.account_id, settings={"signing_frozen": True})
    assert_refused(world, "dev", freezing, Code.FORBIDDEN, **{proof: id_})
    assert credential(world.ledger()[-1]) == expected


def test_a_decision_and_all_it_brings_about_name_it(world: World) -> None:
    release_id, link_id = world.request(), uuid4()
    world.decide("ann", release_id)
    known = len(world.ledger())
    decision = Decide(release_id=release_id, verdict=Verdict.APPROVE, revision=1)
    world.do("bob", decision, link_id=link_id)
    added = world.ledger()[known:]
    assert [entry.tag for entry in added] == ["release:approval:recorded", "release:approved"]
    assert [credential(entry) for entry in added] == [{"kind": "LINK", "id": str(link_id)}] * 2


def test_a_signature_names_the_token_though_it_is_settled_later(world: World) -> None:
    world.approved()
    world.clock.pass_(hours=1)
    token_id, vault = uuid4(), world.things["vault"]
    request = SignRequest(keypair_id=vault, digest=DIGEST)
    sign(world.system, world.principal("dev", token_id=token_id), vault, [request])
    entry = next(e for e in reversed(world.ledger()) if e.tag == "signature:made")
    assert credential(entry) == {"kind": "TOKEN", "id": str(token_id)}
    # So does one that is refused.
    sign(world.system, world.principal("eve", token_id=token_id), vault, [request])
    assert world.ledger()[-1].tag == "attempt:refused"
    assert credential(world.ledger()[-1]) == {"kind": "TOKEN", "id": str(token_id)}


def test_what_time_makes_due_names_the_clock_also_within_a_deed(world: World) -> None:
    release_id = world.approved()
    world.clock.pass_(hours=1)
    known = len(world.ledger())
    world.do("dev", CloseRelease(release_id=release_id), token_id=uuid4())
    tags = {entry.tag: credential(entry)["kind"] for entry in world.ledger()[known:]}
    assert tags == {"release:opened": "CLOCK", "release:closed": "TOKEN"}
    world.request(name="Next")
    world.clock.pass_(hours=4)
    advance_due(world.system)
    assert credential(world.ledger()[-1]) == {"kind": "CLOCK", "id": None}


def test_an_operator_and_what_sets_an_account_up_name_the_command_line(world: World) -> None:
    assert {credential(entry)["kind"] for entry in world.ledger()[:2]} == {"COMMAND_LINE"}
    create_token_as_operator(world.system, None, "dev@example.com", "shell", None)
    assert credential(world.ledger()[-1]) == {"kind": "COMMAND_LINE", "id": None}


def test_who_has_just_signed_in_and_nothing_else_is_told_apart_from_programs(world: World) -> None:
    world.do("dev", StartSession(method=SignInMethod.MAIL), signing_in=True)
    assert credential(world.ledger()[-1]) == {"kind": "SIGN_IN", "id": None}
    world.do("dev", StartSession(method=SignInMethod.MAIL))
    assert credential(world.ledger()[-1]) == {"kind": "PROGRAM", "id": None}


def test_real_tokens_and_sessions_are_what_is_named(world: World) -> None:
    now = world.clock.instant
    token = world.do("dev", CreateApiToken(name="ci", expires_at=now + timedelta(days=1)))
    started = world.do("dev", StartSession(method=SignInMethod.MAIL))
    with world.system.database.reading() as connection:
        by_token = principal_of_token(connection, token.secret, now)
        by_session = principal_of_session(connection, started.secret, now)
    assert by_token is not None
    assert by_session is not None
    named: list[tuple[str, UUID | None]] = [
        (one.credential.kind, one.credential.id) for one in (by_token, by_session)
    ]
    assert named == [("TOKEN", token.token_id), ("SESSION", started.session_id)]
    assert Permission.SIGN in (by_token.scopes or ())
