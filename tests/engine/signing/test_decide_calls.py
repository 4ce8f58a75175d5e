"""Decisions on signatures as they are asked for: of one caller, and of nobody."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from engine.model.errors import Code, Refusal
from engine.signing.account_facts import FactsCache
from engine.signing.decide_calls import decide_calls
from engine.signing.request import SignCall, SignRequest
from tests.support.signing import decide
from tests.support.world import DIGEST, World


def test_a_refusal_of_all_that_was_asked_is_raised(world: World) -> None:
    keypair_id = uuid4()
    request = SignRequest(keypair_id=keypair_id, digest=DIGEST)
    before = world.snapshot()
    with pytest.raises(Refusal) as caught:
        decide(world.system, SignCall(world.principal("dev"), keypair_id, (request,)))
    assert caught.value.code is Code.NOT_FOUND
    assert world.snapshot() == before


def test_nothing_is_asked_of_the_database_for_nobody(world: World) -> None:
    unusable: Any = None
    system = replace(world.system, database=unusable)
    assert decide_calls(system, FactsCache(), world.account_id, []) == []
