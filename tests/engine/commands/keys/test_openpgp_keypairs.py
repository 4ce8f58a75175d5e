"""Keypairs of the category GPG have two keys: both are stored, or neither is left in the signer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.maintenance.unused_keys import unused_keys
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.openpgp.certificate import certificate_fingerprint
from engine.persistence.store import tables as t
from engine.signers.base import (
    GeneratedKey,
    SignerContext,
    SignerFailed,
    SigningInput,
    SigningKey,
)
from engine.signers.keyring import KeyBinding, Keyring
from engine.signers.local import LocalSigner
from engine.signers.openpgp_keys import openpgp_key
from tests.support.refusals import details_of, tags
from tests.support.releases import rows
from tests.support.world import World

#: What the signer is asked for: two keys; a certification, the subkey's own word, the binding and
#: the revocation.
STEPS = 2 + 4


class FailingDevice(LocalSigner):
    """Remembers the keys that it holds, as an HSM does, and fails at one step."""

    name = "device"
    capabilities = replace(LocalSigner.capabilities, lists_keys=True)

    def __init__(self, fails_at: int | None) -> None:
        super().__init__(SignerContext(Keyring([bytes(range(32))]), {}))
        self.held: set[KeyBinding] = set()
        self.fails_at = fails_at
        self.steps = 0

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        self._step()
        self.held.add(binding)
        return super().generate(algorithm, binding)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        self._step()
        return super().sign(key, message)

    def destroy(self, key: SigningKey) -> None:
        self.held.remove(key.binding)

    def stored_keys(self) -> frozenset[KeyBinding]:
        return frozenset(self.held)

    def removal(self, binding: KeyBinding) -> str:
        return "delete it"

    def _step(self) -> None:
        if self.steps == self.fails_at:
            raise SignerFailed("The device was taken away.")
        self.steps += 1


def make(world: World, device: FailingDevice, **more: Any) -> Any:
    world.system = replace(world.system, signers={**world.system.signers, device.name: device})
    command = CreateKeypair(
        alias="packages",
        type=ReleaseType.ONLINE,
        category=KeypairCategory.GPG,
        algorithm=KeypairAlgorithm.ED25519,
        backend=device.name,
        **more,
    )
    return world.do("admin", command)


@pytest.mark.parametrize("step", range(STEPS))
def test_a_device_that_fails_at_any_step_is_left_with_no_key(world: World, step: int) -> None:
    before, entries = world.snapshot(), len(world.ledger())
    device = FailingDevice(step)
    with pytest.raises(Refusal) as refused:
        make(world, device)
    assert (refused.value.code, device.steps) == (Code.SIGNER_FAILED, step)
    assert refused.value.message == "The device was taken away."
    assert device.held == set()
    assert (world.snapshot(), len(world.ledger())) == (before, entries)


def test_both_keys_are_in_use_and_in_the_certificate(world: World) -> None:
    device = FailingDevice(None)
    keypair_id = make(world, device, openpgp_user_id="Falcon <falcon@example.com>")
    assert device.steps == STEPS
    (row,) = rows(world, t.keypairs, id=keypair_id)
    (primary,) = rows(world, t.openpgp_primary_keys)
    assert {binding.keypair_id for binding in device.held} == {row.id, primary.id}
    assert unused_keys(world.system.database, [device]) == ()
    fingerprint = openpgp_key(primary.public_key, row.openpgp_created_at).fingerprint
    assert certificate_fingerprint(row.openpgp_certificate) == fingerprint
    assert tags(world)[-1] == "keypair:created"
    changes = details_of(world.ledger()[-1])["changes"]
    assert changes["openpgp_user_id"] == [None, "Falcon <falcon@example.com>"]


def test_a_taken_alias_is_refused_before_the_device_is_asked(world: World) -> None:
    world.add_keypair("packages")
    device = FailingDevice(None)
    with pytest.raises(Refusal) as refused:
        make(world, device)
    assert (refused.value.code, device.steps) == (Code.NAME_TAKEN, 0)


def test_keys_that_a_crash_left_are_named(world: World) -> None:
    device = FailingDevice(None)
    make(world, device)
    left = KeyBinding(world.account_id, world.account_id)
    device.held.add(left)
    (unused,) = unused_keys(world.system.database, [device])
    assert unused.binding == left
