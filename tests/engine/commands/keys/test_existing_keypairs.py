"""Keypairs of keys that existed before: imported from files, and adopted in signers."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from engine.commands.administration.account import create_account
from engine.commands.keys import existing_keys
from engine.commands.keys.existing_keypairs import (
    AdoptKeypair,
    ImportKeypair,
    import_keypair_as_operator,
)
from engine.commands.keys.succession import RetireKeypair
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from engine.persistence.store.administration import keypairs
from engine.signers.base import (
    SignerFailed,
)
from engine.signers.private_keys import PrivateKeyFile
from engine.signing.request import Made
from tests.support.device import Device, pkcs8_of
from tests.support.private_key_files import ED25519_PEM, pem_of
from tests.support.refusals import assert_refused, tags
from tests.support.releases import rows
from tests.support.threads import at_once
from tests.support.world import DIGEST, World

ED25519, P256 = KeypairAlgorithm.ED25519, KeypairAlgorithm.ECDSA_P256
PASSPHRASE = b"correct horse 4711"


@pytest.fixture
def device(world: World) -> Device:
    device = Device()
    world.system = replace(world.system, signers={**world.system.signers, "device": device})
    return device


def importing(content: bytes = ED25519_PEM, **changes: Any) -> ImportKeypair:
    values: dict[str, Any] = {
        "alias": "Old",
        "type": ReleaseType.ONLINE,
        "algorithm": ED25519,
        "private_key_file": PrivateKeyFile(content, changes.pop("passphrase", None)),
    }
    return ImportKeypair(**(values | changes))


def adopting(**changes: Any) -> AdoptKeypair:
    values: dict[str, Any] = {
        "alias": "Old",
        "type": ReleaseType.ONLINE,
        "algorithm": ED25519,
        "backend": "device",
        "key": "release",
    }
    return AdoptKeypair(**(values | changes))


def signature_of(world: World, alias: str) -> bytes:
    world.set_team("blue", keypairs=[alias])
    (outcome,) = world.sign("dev", alias)
    assert isinstance(outcome, Made)
    assert outcome.signed is not None
    return outcome.signed.value


def public_key_of(world: World, alias: str) -> Any:
    (row,) = rows(world, t.keypairs, id=world.things[alias])
    return load_pem_public_key(row.public_key.encode())


def test_an_imported_key_signs_and_is_sealed(world: World) -> None:
    before = len(world.ledger())
    key = ed25519.Ed25519PrivateKey.generate()
    command = importing(pem_of(key, PASSPHRASE), passphrase=PASSPHRASE)
    world.things["old"] = world.do("admin", command)
    key.public_key().verify(signature_of(world, "old"), DIGEST)
    (row,) = rows(world, t.keypairs, id=world.things["old"])
    assert (row.backend, row.master_key_id is not None) == ("local", True)
    assert tags(world, before)[0] == "keypair:created"
    body = world.ledger()[before].body
    assert '"IMPORTED"' in body
    for secret in (PASSPHRASE.decode(), pkcs8_of(key).hex(), "PRIVATE"):
        assert secret not in body


def test_an_operator_imports_without_a_user(world: World) -> None:
    before = len(world.ledger())
    keypair_id = import_keypair_as_operator(world.system, world.account_id, importing())
    (row,) = rows(world, t.keypairs, id=keypair_id)
    assert row.alias == "Old"
    (entry,) = world.ledger()[before:]
    assert (entry.tag, entry.actor_id) == ("keypair:created", None)
    assert "COMMAND_LINE" in entry.body
    with pytest.raises(Refusal) as refused:
        import_keypair_as_operator(world.system, world.account_id, importing())
    assert refused.value.code is Code.NAME_TAKEN


def test_of_operators_who_import_under_one_alias_at_once_one_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All look before any of them has stored its keypair, as on two machines.
    monkeypatch.setattr(keypairs, "alias_is_taken", lambda *_: False)
    import_ = partial(import_keypair_as_operator, world.system, world.account_id)
    commands = [
        importing(pem_of(ed25519.Ed25519PrivateKey.generate()), alias=alias)
        for alias in ("Old", "OLD", "old")
    ]
    answers = at_once([partial(import_, command) for command in commands])
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [(r.code, r.field) for r in refusals] == [(Code.NAME_TAKEN, ("alias",))] * 2
    assert len(rows(world, t.keypairs)) == 3


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"content": b"nothing"}, Code.INVALID_INPUT, "private_key_file"),
        ({"algorithm": P256}, Code.INVALID_INPUT, "private_key_file"),
        ({"alias": "vault"}, Code.NAME_TAKEN, "alias"),
        ({"backend": "device"}, Code.SIGNER_FAILED, None),
        ({"backend": "nowhere"}, Code.INVALID_INPUT, "backend"),
    ],
)
def test_a_refused_import_leaves_nothing(
    world: World, device: Device, changes: Any, code: Code, field: str | None
) -> None:
    def fail(*_: Any) -> Any:
        raise SignerFailed("The device is away.")

    device.import_key = fail  # type: ignore[method-assign]
    before = world.snapshot()
    with pytest.raises(Refusal) as refused:
        world.do("admin", importing(**changes))
    assert (refused.value.code, refused.value.field) == (code, (field,) if field else ())
    assert world.snapshot() == before


def test_who_may_not_create_keypairs_neither_imports_nor_adopts(
    world: World, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(existing_keys, "read_private_key", lambda *_: pytest.fail("was read"))
    monkeypatch.setattr(device, "adopt", lambda *_: pytest.fail("was looked for"))
    for command in (importing(), adopting()):
        with pytest.raises(Refusal) as refused:
            world.do("dev", command)
        assert refused.value.code is Code.FORBIDDEN


def test_an_adopted_key_signs_and_is_not_destroyed_when_it_is_refused(
    world: World, device: Device
) -> None:
    before = len(world.ledger())
    world.things["old"] = world.do("admin", adopting())
    public_key_of(world, "old").verify(signature_of(world, "old"), DIGEST)
    assert '"ADOPTED"' in world.ledger()[before].body
    with pytest.raises(Refusal) as refused:
        world.do("admin", adopting(alias="Again"))
    assert (refused.value.code, refused.value.field) == (Code.KEYPAIR_IN_USE, ("key",))
    assert refused.value.message == ("The keypair Old has this key already. Use that one.")
    assert device.destroyed == []
    assert rows(world, t.keypairs, alias="Again") == []


def test_another_account_adopts_no_key_that_is_adopted(world: World, device: Device) -> None:
    world.do("admin", adopting())
    other = create_account(world.system, name="Other", admin_email="o@example.com", admin_name="O")
    principal = Principal(account_id=other.account_id, user_id=other.user_id)
    with pytest.raises(Refusal) as refused:
        adopting().run(world.system, principal)
    assert refused.value.code is Code.KEYPAIR_IN_USE
    assert refused.value.message.startswith("Another keypair has this key")


def reach_by_another_name(world: World, device: Device) -> None:
    """A second signer, `again`, of the same device."""
    again = copy(device)
    again.name = "again"
    world.system = replace(world.system, signers={**world.system.signers, "again": again})


def test_two_signers_of_one_device_adopt_a_key_once(world: World, device: Device) -> None:
    reach_by_another_name(world, device)
    world.do("admin", adopting())
    with world.system.database.writing() as connection:  # as earlier versions wrote it
        connection.execute(t.adopted_keys.update().values(backend="device"))
        connection.commit()
    assert_refused(
        world, "admin", adopting(alias="New", backend="again"), Code.KEYPAIR_IN_USE, "key"
    )


def test_of_two_who_adopt_a_key_at_once_by_two_signers_one_does(
    world: World, device: Device
) -> None:
    device.held["release"] = ed25519.Ed25519PrivateKey.generate()
    reach_by_another_name(world, device)

    commands = [
        adopting(alias=f"Number {number}", backend=backend)
        for number, backend in enumerate(("device", "again") * 3)
    ]
    answers = at_once([partial(world.do, "admin", command) for command in commands])
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refusals) == len(commands) - 1
    assert {refusal.code for refusal in refusals} == {Code.KEYPAIR_IN_USE}
    assert len(rows(world, t.adopted_keys)) == 1


def test_a_key_that_was_imported_is_not_adopted(world: World, device: Device) -> None:
    device.held["release"] = load_pem_private_key(ED25519_PEM, None)
    world.do("admin", importing(alias="Imported"))
    refusal = assert_refused(world, "admin", adopting(), Code.KEYPAIR_IN_USE, "key")
    assert "The keypair Imported has this key" in refusal.message


def test_a_key_that_a_keypair_has_is_not_imported(world: World, device: Device) -> None:
    device.held["release"] = load_pem_private_key(ED25519_PEM, None)
    world.do("admin", adopting(alias="Adopted"))
    command = importing(alias="Second")
    refusal = assert_refused(world, "admin", command, Code.KEYPAIR_IN_USE, "private_key_file")
    assert refusal.message == "The keypair Adopted has this key already. Use that one."
    with pytest.raises(Refusal) as refused:
        import_keypair_as_operator(world.system, world.account_id, importing(alias="Third"))
    assert refused.value.code is Code.KEYPAIR_IN_USE


def test_a_retired_keypair_keeps_its_key(world: World, device: Device) -> None:
    device.held["release"] = load_pem_private_key(ED25519_PEM, None)
    keypair_id = world.do("admin", importing(alias="Retired"))
    world.do("admin", RetireKeypair(keypair_id=keypair_id, reason="It leaked."))
    message = "The keypair Retired, which is retired, has this key. Take another key."
    again = importing(alias="Again")
    for command, field in ((again, "private_key_file"), (adopting(), "key")):
        refusal = assert_refused(world, "admin", command, Code.KEYPAIR_IN_USE, field)
        assert refusal.message == message


def test_another_account_may_import_a_key(world: World) -> None:
    world.do("admin", importing())
    other = create_account(world.system, name="Other", admin_email="o@example.com", admin_name="O")
    import_keypair_as_operator(world.system, other.account_id, importing())
    assert len(rows(world, t.keypairs, alias="Old")) == 2


def test_of_those_who_import_a_key_at_once_one_does(world: World) -> None:
    commands = [importing(alias=f"Number {number}") for number in range(4)]
    answers = at_once([partial(world.do, "admin", command) for command in commands])
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code for refusal in refusals] == [Code.KEYPAIR_IN_USE] * 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "nowhere"}, "key"),
        ({"algorithm": P256}, "key"),
        ({"backend": "local"}, "backend"),
        ({"alias": ""}, "alias"),
    ],
)
def test_what_cannot_be_adopted_is_refused(
    world: World, device: Device, changes: Any, field: str
) -> None:
    before = world.snapshot()
    with pytest.raises(Refusal) as refused:
        world.do("admin", adopting(**changes))
    assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, (field,))
    assert world.snapshot() == before


def test_a_key_whose_public_half_is_anothers_is_not_adopted(world: World, device: Device) -> None:
    device.mixed_up = True
    with pytest.raises(Refusal) as refused:
        world.do("admin", adopting())
    assert refused.value.code is Code.INVALID_INPUT
    assert "does not fit its public half" in refused.value.message


def test_a_weak_or_other_key_in_the_signer_is_not_adopted(world: World, device: Device) -> None:
    device.held["odd"] = ec.generate_private_key(ec.SECP256K1())
    with pytest.raises(Refusal) as refused:
        world.do("admin", adopting(key="odd", algorithm=P256))
    assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, ("key",))


@pytest.mark.parametrize(
    "key", ["pkcs11:object=a?pin-value=98765", "pkcs11:PIN-value=98765;object=a"]
)
def test_the_pin_of_a_token_is_in_no_entry(world: World, device: Device, key: str) -> None:
    world.do("admin", importing())
    before = len(world.ledger())
    with pytest.raises(Refusal):
        world.do("admin", adopting(key=key))
    (entry,) = world.ledger()[before:]
    assert "object=a" in entry.body
    assert "98765" not in entry.body
