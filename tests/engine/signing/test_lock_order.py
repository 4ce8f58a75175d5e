"""Signing locks the ledger's head before anything but releases: nobody who waits for the head may
hold what it still needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.maintenance.advance_due import advance_due
from engine.commands.maintenance.reseal_keypairs import reseal_keypairs
from engine.model.vocabulary import ReleaseType, SignatureState
from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.local import LocalSigner
from engine.signing.account_facts import FactsCache
from engine.signing.decide_calls import decide_calls
from engine.signing.request import Made, SignCall, SignRequest
from engine.signing.settle import settle
from tests.support.releases import rows
from tests.support.signing import reserved, values
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import DIGEST, World

#: By then the other transaction waits, if it does.
SETTLED_SECONDS = 0.3


class Signer:
    """A service user that signs with a keypair that no release holds, by facts that are kept."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.add_keypair("web", ReleaseType.ONLINE)
        world.set_team("blue", keypairs=["vault", "spare", "web"])
        world.add_user("bot", "DEVELOPER", service=True)
        world.set_team("blue", members=["ann", "bob", "dev", "bot"])
        self.cache = FactsCache()
        self.sign()

    def sign(self) -> None:
        keypair_id = self.world.things["web"]
        request = SignRequest(keypair_id=keypair_id, digest=DIGEST, idempotency_key=str(uuid4()))
        call = SignCall(self.world.principal("bot"), keypair_id, (request,))
        (answers,) = decide_calls(self.world.system, self.cache, self.world.account_id, [call])
        assert isinstance(answers, list)
        assert isinstance(answers[0], Made), answers


@pytest.fixture
def signer(world: World) -> Signer:
    return Signer(world)


@contextmanager
def deadlocks_of(world: World) -> Iterator[list[str]]:
    """The deadlocks that the database has ended in the block."""
    seen: list[str] = []

    def note(context: Any) -> None:
        if getattr(context.original_exception, "sqlstate", None) == "40P01":
            seen.append(str(context.statement))

    engine = world.system.database._writer
    event.listen(engine, "handle_error", note)
    try:
        yield seen
    finally:
        event.remove(engine, "handle_error", note)


def deadlocks_while_signing(
    signer: Signer, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]
) -> list[str]:
    """Sign while a command has made its changes and is about to record them."""
    append = ledger.append
    paused, goes_on = threading.Event(), threading.Event()
    thread: list[threading.Thread] = []

    def pausing(*args: Any) -> Any:
        if threading.current_thread() in thread and not paused.is_set():
            paused.set()
            goes_on.wait(WAIT_LIMIT_SECONDS)
        return append(*args)

    def command() -> None:
        thread.append(threading.current_thread())
        act()

    monkeypatch.setattr(ledger, "append", pausing)
    with deadlocks_of(signer.world) as deadlocks, ThreadPoolExecutor(2) as threads:
        acting = threads.submit(command)
        assert paused.wait(WAIT_LIMIT_SECONDS)
        signing = threads.submit(signer.sign)
        with suppress(TimeoutError):
            signing.result(SETTLED_SECONDS)
        goes_on.set()
        acting.result(WAIT_LIMIT_SECONDS)
        signing.result(WAIT_LIMIT_SECONDS)
    return deadlocks


def _request(world: World) -> None:
    world.request(type=ReleaseType.ONLINE, keypair_ids=frozenset({world.things["web"]}))


def _open(world: World) -> None:
    command = UpdateKeypair(
        keypair_id=world.things["web"], user_ids=frozenset({world.people["bot"]})
    )
    world.do("admin", command)


def _rename(world: World) -> None:
    world.do("admin", UpdateKeypair(keypair_id=world.things["web"], alias="site"))


def _change_address(world: World) -> None:
    command = UpdateUser(user_id=world.people["bot"], email="builds@example.com")
    world.do("admin", command)


COMMANDS: list[Callable[[World], None]] = [_request, _open, _rename, _change_address]


@pytest.mark.parametrize("act", COMMANDS, ids=lambda act: act.__name__)
def test_a_command_on_what_a_signature_refers_to(
    signer: Signer, monkeypatch: pytest.MonkeyPatch, act: Callable[[World], None]
) -> None:
    assert deadlocks_while_signing(signer, monkeypatch, lambda: act(signer.world)) == []


def test_sealing_a_key_anew(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    world = signer.world
    local: Any = world.system.signers["local"]
    keyring = Keyring([bytes(32)])
    keyring._ciphers |= local._keyring._ciphers
    signers = {**world.system.signers, "local": LocalSigner(SignerContext(keyring, {}))}
    world.system = replace(world.system, signers=signers)
    reseal = partial(reseal_keypairs, world.system, keyring)
    assert deadlocks_while_signing(signer, monkeypatch, reseal) == []


def test_settling_what_is_overdue(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    world = signer.world
    results = values(world, reserved(world, "bot", "web"))
    world.clock.pass_(seconds=31)
    settling = partial(settle, world.system, world.account_id, results)
    assert deadlocks_while_signing(signer, monkeypatch, settling) == []
    assert [row.state for row in rows(world, t.signatures)] == [SignatureState.MADE] * 3


def test_giving_back_what_is_overdue(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    world = signer.world
    reserved(world, "bot", "web")
    world.clock.pass_(seconds=31)
    giving_back = partial(advance_due, world.system)
    assert deadlocks_while_signing(signer, monkeypatch, giving_back) == []
    assert len(rows(world, t.signatures, state=SignatureState.LAPSED)) == 1
