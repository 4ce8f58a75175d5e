"""Decisions on signatures as they are asked for: of one caller, and of nobody."""

import hashlib
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.signing import decide_calls as decision_module
from engine.signing.account_facts import FactsCache
from engine.signing.decide_calls import decide_calls
from engine.signing.request import Existing, SignCall, SignRequest
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


def test_content_is_hashed_once_and_before_anything_is_locked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keypair_id = world.add_keypair(
        "packages",
        ReleaseType.ONLINE,
        category=KeypairCategory.GPG,
        algorithm=KeypairAlgorithm.ED25519,
    )
    world.set_team("blue", keypairs=["packages"])
    steps: list[str] = []
    _note(monkeypatch, hashlib, "new", steps)
    _note(monkeypatch, decision_module, "transaction", steps)
    request = SignRequest(keypair_id=keypair_id, content=b"a package", idempotency_key="build 1")
    for _ in range(2):
        (answer,) = decide(
            world.system, SignCall(world.principal("dev"), keypair_id, (replace(request),))
        )
    assert isinstance(answer, Existing)
    assert steps == ["new", "transaction"] * 2


def _note(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, steps: list[str]) -> None:
    """Note each call of a function by its name."""
    whole = getattr(owner, name)

    def noted(*args: Any) -> Any:
        steps.append(name)
        return whole(*args)

    monkeypatch.setattr(owner, name, noted)


def test_nothing_is_asked_of_the_database_for_nobody(world: World) -> None:
    unusable: Any = None
    system = replace(world.system, database=unusable)
    assert decide_calls(system, FactsCache(), world.account_id, []) == []
