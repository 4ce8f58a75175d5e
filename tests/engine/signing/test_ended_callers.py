"""Calls that wait while their token is revoked or their session ended sign nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.credentials.sessions import RevokeSession, StartSession
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import SignInMethod, Status
from engine.persistence.store import tables as t
from engine.signing.account_facts import FactsCache
from engine.signing.decide_batch import Answers
from engine.signing.decide_calls import decide_calls
from engine.signing.request import SignCall, SignRequest
from tests.support.releases import release_in, rows
from tests.support.signing import code_of
from tests.support.world import DIGEST, World


def with_token(world: World) -> tuple[Principal, Callable[[], Any]]:
    """A caller with a token, and what ends it."""
    token = world.do("dev", CreateApiToken(name="laptop"))
    revoke = RevokeApiToken(token_id=token.token_id)
    return world.principal("dev", token_id=token.token_id), lambda: world.do("dev", revoke)


def with_token_of_a_token(world: World) -> tuple[Principal, Callable[[], Any]]:
    """A caller with a token that was made with another one, and what ends that one."""
    parent = world.do("dev", CreateApiToken(name="laptop"))
    token = world.do("dev", CreateApiToken(name="ci"), token_id=parent.token_id)
    revoke = RevokeApiToken(token_id=parent.token_id)
    return world.principal("dev", token_id=token.token_id), lambda: world.do("dev", revoke)


def with_session(world: World) -> tuple[Principal, Callable[[], Any]]:
    """A caller with a session, and what ends it."""
    session = world.do("dev", StartSession(method=SignInMethod.MAIL))
    end = RevokeSession(session_id=session.session_id)
    return world.principal("dev", session_id=session.session_id), lambda: world.do("dev", end)


def with_token_before_a_break(world: World) -> tuple[Principal, Callable[[], Any]]:
    """A caller with a token, who is deactivated and active again."""
    principal, _ = with_token(world)

    def leave_and_return() -> None:
        for active in (False, True):
            world.do("admin", UpdateUser(user_id=world.people["dev"], active=active))

    return principal, leave_and_return


CREDENTIALS = [with_token, with_token_of_a_token, with_session, with_token_before_a_break]


@pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda it: it.__name__)
def test_what_has_ended_is_refused_at_the_very_next_decision(
    world: World, credential: Callable[[World], tuple[Principal, Callable[[], Any]]]
) -> None:
    release_in(world, Status.IN_PROGRESS)
    principal, end = credential(world)
    cache = FactsCache()
    assert code(_decide(world, cache, principal)) is None
    end()
    before = world.snapshot()
    assert code(_decide(world, cache, principal)) is Code.UNAUTHENTICATED
    assert world.snapshot() == before
    # Another credential of the same user goes on.
    assert code(_decide(world, cache, world.principal("dev"))) is None
    assert len(rows(world, t.signatures)) == 2


def _decide(world: World, cache: FactsCache, principal: Principal) -> Answers:
    keypair_id = world.things["vault"]
    call = SignCall(principal, keypair_id, (SignRequest(keypair_id=keypair_id, digest=DIGEST),))
    (answers,) = decide_calls(world.system, cache, world.account_id, [call])
    return answers


def code(answers: Answers) -> Code | None:
    """Why the one signature was refused, or None."""
    return answers.code if isinstance(answers, Refusal) else code_of(answers[0])
