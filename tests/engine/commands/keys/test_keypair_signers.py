"""Making a keypair when its signer is away or fails, and when the key was made in vain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from engine.commands.administration.users import UpdateUser
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.maintenance.unused_keys import unused_keys
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from engine.signers.base import GeneratedKey, SignerContext, SignerFailed, SigningKey
from engine.signers.keyring import KeyBinding, Keyring
from engine.signers.local import LocalSigner
from tests.support.refusals import tags
from tests.support.releases import rows
from tests.support.world import World

ED25519 = KeypairAlgorithm.ED25519
LOGGED = "The signer failed; the log says how. Nothing was used. Tell an administrator."
AWAY = "The HSM cannot be reached. Check that it is connected and running."


class Vault(LocalSigner):
    """Remembers which keys it holds, as an HSM does."""

    name = "vault"

    def __init__(self) -> None:
        super().__init__(SignerContext(Keyring([bytes(range(32))]), {}))
        self.held: list[KeyBinding] = []
        self.generated = 0
        self.after_generate: Callable[[], Any] = lambda: None

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        key = super().generate(algorithm, binding)
        self.generated += 1
        self.held.append(binding)
        self.after_generate()
        return key

    def destroy(self, key: SigningKey) -> None:
        self.held.remove(key.binding)


class BrokenVault(Vault):
    """Does not let go of a key."""

    def destroy(self, key: SigningKey) -> None:
        raise OSError("connection reset, pin 123456")


def raising(error: Exception) -> Any:
    def fail(*_: Any) -> Any:
        raise error

    return fail


def with_vault(world: World, vault: Vault) -> World:
    world.system = replace(world.system, signers={**world.system.signers, "vault": vault})
    return world


def make(world: World, alias: str = "Deploy") -> Any:
    command = CreateKeypair(
        alias=alias, type=ReleaseType.ONLINE, algorithm=ED25519, backend="vault"
    )
    return world.do("admin", command)


def refused(world: World, alias: str = "Deploy") -> Refusal:
    before = world.snapshot()
    with pytest.raises(Refusal) as caught:
        make(world, alias)
    assert world.snapshot() == before
    return caught.value


def test_a_taken_alias_is_refused_before_a_key_is_made(world: World) -> None:
    vault = Vault()
    entries = len(world.ledger())
    refusal = refused(with_vault(world, vault), " VAULT ")
    assert (refusal.code, refusal.field) == (Code.NAME_TAKEN, ("alias",))
    assert refusal.message == "Another keypair has this alias. Choose another."
    assert (vault.generated, vault.held) == (0, [])
    assert tags(world, entries) == ["attempt:refused"]


def test_a_key_whose_alias_was_taken_meanwhile_is_destroyed(world: World) -> None:
    vault = Vault()
    with_vault(world, vault)
    vault.after_generate = lambda: world.add_keypair("Deploy")
    with pytest.raises(Refusal) as caught:
        make(world)
    assert caught.value.code is Code.NAME_TAKEN
    assert (vault.generated, vault.held) == (1, [])
    (row,) = rows(world, t.keypairs, alias_key="deploy")
    assert row.backend == "local"


def test_a_key_of_somebody_deactivated_meanwhile_is_destroyed(world: World) -> None:
    world.add_user("zoe", "ADMIN")
    vault = Vault()
    with_vault(world, vault)
    command = UpdateUser(user_id=world.admin_id, active=False)
    vault.after_generate = lambda: world.do("zoe", command)
    with pytest.raises(Refusal) as caught:
        make(world)
    assert caught.value.code is Code.UNAUTHENTICATED
    assert vault.held == []


@pytest.mark.parametrize("lands", [False, True])
def test_after_a_commit_without_an_answer_a_stored_key_stays_and_another_is_destroyed(
    world: World, lands: bool
) -> None:
    vault = Vault()
    with_vault(world, vault)

    def lose(work: Any, entries: Any) -> None:
        if lands and vault.generated:
            work.connection.commit()
        if vault.generated:
            raise ConnectionResetError

    world.system = replace(world.system, event_handlers=(lose,))
    with pytest.raises(Exception):  # noqa: B017,PT011 - whatever the database makes of it
        make(world)
    stored = {row.id for row in rows(world, t.keypairs, backend="vault")}
    assert len(stored) == lands
    assert {binding.keypair_id for binding in vault.held} == stored


def test_a_key_that_could_not_be_destroyed_is_named_in_the_log(world: World) -> None:
    vault = BrokenVault()
    with_vault(world, vault)
    vault.after_generate = lambda: world.add_keypair("Deploy")
    with capture_logs() as logs, pytest.raises(Refusal) as caught:
        make(world)
    assert caught.value.code is Code.NAME_TAKEN
    (left,) = [entry for entry in logs if entry["event"] == "unused_key_left_in_signer"]
    assert left["keypair_id"] == str(vault.held[0].keypair_id)
    # Of a backend's own words nothing is written down: they may hold anything.
    types = "engine.signers.base.SignerFailed <- builtins.OSError <- engine.model.errors.Refusal"
    assert left["error"] == types
    (broke,) = [entry for entry in logs if entry["event"] == "signer_raised_unexpected_error"]
    assert broke["error"] == types.partition(" <- ")[2]
    assert any(frame.endswith(" destroy") for frame in broke["frames"])
    assert "123456" not in str(logs)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(SignerFailed(AWAY), AWAY), (OSError("no route"), LOGGED), (KeyError("slot"), LOGGED)],
)
def test_a_signer_that_is_away_or_fails_in_its_own_way_is_no_bug(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    monkeypatch.setattr(Vault, "generate", raising(error))
    refusal = refused(with_vault(world, Vault()))
    assert (refusal.code, refusal.message) == (Code.SIGNER_FAILED, sentence)


def test_what_a_signer_answers_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vault, "generate", lambda *_: None)
    refusal = refused(with_vault(world, Vault()))
    assert (refusal.code, refusal.message) == (Code.SIGNER_FAILED, LOGGED)


class ListingVault(Vault):
    """Can tell which keys it holds."""

    capabilities = replace(Vault.capabilities, lists_keys=True)

    def stored_keys(self) -> list[KeyBinding]:
        return self.held

    def removal(self, binding: KeyBinding) -> str:
        return f"remove {binding.keypair_id}"


def test_a_key_that_no_keypair_uses_is_found_and_those_of_others_are_not(world: World) -> None:
    vault = ListingVault()
    with_vault(world, vault)
    make(world)
    database, signers = world.system.database, world.system.signers.values()
    assert unused_keys(database, signers) == ()
    left = KeyBinding(world.account_id, uuid4())
    vault.held += [left, KeyBinding(uuid4(), uuid4())]
    (unused,) = unused_keys(database, signers)
    assert (unused.signer, unused.account_name, unused.binding) == ("vault", "Acme", left)
    assert unused.removal == f"remove {left.keypair_id}"


def test_a_signer_that_cannot_list_its_keys_now_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ListingVault, "stored_keys", raising(SignerFailed(AWAY)))
    with pytest.raises(SignerFailed, match=AWAY):
        unused_keys(world.system.database, [ListingVault()])
    assert unused_keys(world.system.database, [Vault()]) == ()
