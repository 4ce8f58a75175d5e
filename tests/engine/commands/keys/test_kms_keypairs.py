"""Keypairs in AWS KMS: a key that was made in vain, and a KMS that is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.existing_keypairs import AdoptKeypair, ImportKeypair
from engine.commands.maintenance.unused_keys import UnusedKey, unused_keys
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.persistence.store import tables as t
from engine.persistence.store.administration import keypairs
from engine.signers.private_keys import PrivateKeyFile
from engine.signing.request import Made
from tests.support.kms import KmsServer, kms_server, signer_of
from tests.support.private_key_files import ED25519_PEM
from tests.support.refusals import assert_refused
from tests.support.releases import rows
from tests.support.signing import code_of
from tests.support.world import World


@pytest.fixture(scope="module")
def running() -> Iterator[KmsServer]:
    with kms_server() as server:
        yield server


@pytest.fixture
def kms(world: World, running: KmsServer) -> Iterator[KmsServer]:
    """The server, which the signer `aws_kms` of the world calls."""
    with signer_of(running) as signer:
        world.system = replace(world.system, signers={**world.system.signers, signer.name: signer})
        yield running
    running.reset()
    running.forget_keys()


def creating(**changes: Any) -> CreateKeypair:
    values: dict[str, Any] = {"alias": "cloud", "type": ReleaseType.TEST, "backend": "aws_kms"}
    return CreateKeypair(**values | changes)


def add_keypair(world: World) -> None:
    """A keypair in KMS with which dev signs."""
    world.add_keypair("cloud", ReleaseType.TEST, backend="aws_kms")
    world.set_team("blue", keypairs=["cloud"])


def unused(world: World) -> tuple[UnusedKey, ...]:
    """What `countersign keys check` says."""
    return unused_keys(world.system.database, world.system.signers.values())


class CommitFailed(Exception):
    """Stands for whatever keeps a keypair from being stored."""


def lose_keypairs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise CommitFailed

    monkeypatch.setattr(keypairs, "insert_keypair", fail)


def test_a_keypair_in_kms_signs_and_its_key_is_in_use(world: World, kms: KmsServer) -> None:
    add_keypair(world)
    outcomes = world.sign("dev", "cloud", 3)
    assert all(isinstance(outcome, Made) for outcome in outcomes)
    assert kms.calls["Sign"] == 3
    assert unused(world) == ()


def test_an_openpgp_keypair_has_two_keys_in_kms(world: World, kms: KmsServer) -> None:
    world.do("admin", creating(category=KeypairCategory.GPG, algorithm=KeypairAlgorithm.ED25519))
    assert kms.key_states() == ["Enabled"] * 2
    assert unused(world) == ()


def test_a_key_whose_keypair_is_not_stored_is_deleted(
    world: World, kms: KmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_keypairs(monkeypatch)
    with pytest.raises(CommitFailed):
        world.do("admin", creating())
    assert kms.key_states() == ["PendingDeletion"]
    assert unused(world) == ()


def test_one_that_cannot_be_deleted_then_is_logged_and_found_with_its_removal(
    world: World, kms: KmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_keypairs(monkeypatch)
    kms.fail("ScheduleKeyDeletion", "KMSInternalException", 500)
    with capture_logs() as logs, pytest.raises(CommitFailed):
        world.do("admin", creating())
    (left,) = [entry for entry in logs if entry["event"] == "unused_key_left_in_signer"]
    (key,) = unused(world)
    assert (key.signer, key.account_name) == ("aws_kms", "Acme")
    assert left["keypair_id"] == str(key.binding.keypair_id)
    assert f"Values={world.account_id}/{key.binding.keypair_id}" in key.removal
    assert rows(world, t.keypairs, alias="cloud") == []


def test_a_key_of_a_command_that_was_not_answered_is_found(world: World, kms: KmsServer) -> None:
    kms.fail("CreateKey", "KMSInternalException", 500, after=True)
    assert_refused(world, "admin", creating(), Code.SIGNER_FAILED, recorded=False)
    assert len(unused(world)) == 1


def test_a_file_with_a_private_key_is_not_sent_to_kms(world: World, kms: KmsServer) -> None:
    file = PrivateKeyFile(ED25519_PEM)
    command = ImportKeypair(
        alias="old",
        type=ReleaseType.TEST,
        backend="aws_kms",
        algorithm=KeypairAlgorithm.ED25519,
        private_key_file=file,
    )
    refusal = assert_refused(world, "admin", command, Code.INVALID_INPUT, "backend", recorded=False)
    assert refusal.message == (
        "The signer aws_kms takes no ED25519 keys in this way. Choose one of: local."
    )
    assert not kms.calls


@pytest.mark.parametrize("call", ["CreateKey", "GetPublicKey"])
def test_where_a_key_cannot_be_made_no_keypair_is(world: World, kms: KmsServer, call: str) -> None:
    kms.fail(call, "AccessDeniedException")
    refusal = assert_refused(world, "admin", creating(), Code.SIGNER_FAILED, recorded=False)
    assert f"denies kms:{call}" in refusal.message
    assert unused(world) == ()


def test_while_kms_is_away_nothing_is_made_or_counted(world: World, kms: KmsServer) -> None:
    add_keypair(world)
    kms.stop()
    try:
        (outcome,) = world.sign("dev", "cloud")
        assert code_of(outcome) is Code.SIGNER_FAILED
        other = creating(alias="other")
        assert_refused(world, "admin", other, Code.SIGNER_FAILED, recorded=False)
    finally:
        kms.start()
    (outcome,) = world.sign("dev", "cloud")
    assert isinstance(outcome, Made)
    assert kms.calls["Sign"] == 1


def test_an_adopted_key_is_one_keypairs_and_stays(
    world: World, kms: KmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id = kms.make_key("ECC_NIST_P256")

    def adopting(alias: str) -> AdoptKeypair:
        return AdoptKeypair(alias=alias, type=ReleaseType.TEST, backend="aws_kms", key=key_id)

    with monkeypatch.context() as patch:
        lose_keypairs(patch)
        with pytest.raises(CommitFailed):
            world.do("admin", adopting("old"))
    assert kms.key_states() == ["Enabled"]
    world.do("admin", adopting("old"))
    assert_refused(world, "admin", adopting("twice"), Code.KEYPAIR_IN_USE, "key")
    assert kms.key_states() == ["Enabled"]
    assert unused(world) == ()
