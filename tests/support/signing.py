"""Signing step by step: reserve, make and settle, with time between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.model.errors import Code, Refusal
from engine.signers.local import LocalSigner
from engine.signing.account_facts import FactsCache
from engine.signing.decide_calls import decide_calls
from engine.signing.request import Answer, Outcome, Refused, Reserved, SignCall, SignRequest
from engine.signing.settle import settle
from engine.signing.sign import SigningResult, sign
from engine.system import System
from tests.support.world import DIGEST, World


def reserved(
    world: World, who: str = "dev", alias: str = "vault", number: int = 1
) -> list[Reserved]:
    """So many reservations, each granted."""
    found = reservations(world, who, alias, number)
    granted = [reservation for reservation in found if isinstance(reservation, Reserved)]
    assert len(granted) == number, found
    return granted


def reservations(
    world: World, who: str = "dev", alias: str = "vault", number: int = 1, **more: Any
) -> list[Answer]:
    """What reserving answers."""
    keypair_id: UUID = world.things[alias]
    request = SignRequest(keypair_id=keypair_id, digest=DIGEST, **more)
    call = SignCall(world.principal(who), keypair_id, (request,) * number)
    return decide(world.system, call)


def decide(system: System, call: SignCall) -> list[Answer]:
    """The decision on one call; nothing is signed with it. Raises `Refusal`."""
    without_signers = replace(system, signers={})
    (answers,) = decide_calls(without_signers, FactsCache(), call.principal.account_id, [call])
    if isinstance(answers, Refusal):
        raise answers
    return answers


def values(world: World, granted: Sequence[Reserved]) -> list[SigningResult]:
    """The values, made but not settled."""
    return sign(world.system, granted)


def settled(world: World, granted: Sequence[Reserved], who: str = "dev") -> list[Outcome]:
    """Made and settled."""
    return settle(world.system, world.account_id, values(world, granted))


def declare_quick(monkeypatch: pytest.MonkeyPatch, seconds: float | None) -> None:
    """Let local signatures take so long, as they declare; None: too long to be called quick."""
    can = LocalSigner.capabilities
    quick = {} if seconds is None else dict.fromkeys(can.signs, seconds)
    monkeypatch.setattr(LocalSigner, "capabilities", replace(can, quick_seconds=quick))


def code_of(outcome: Answer) -> Code | None:
    """Why there is no signature, or None."""
    return outcome.refusal.code if isinstance(outcome, Refused) else None
