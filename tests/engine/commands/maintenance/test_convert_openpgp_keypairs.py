"""OpenPGP keypairs of earlier versions become raw keys, with the fingerprint they had."""

from __future__ import annotations

import os
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pysequoia import Cert
from structlog.testing import capture_logs

from api.bootstrap import build_system
from engine.commands.maintenance.convert_openpgp_keypairs import convert_openpgp_keypairs
from engine.commands.maintenance.reseal_keypairs import reseal_keypairs, unopened_keypairs
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code
from engine.model.vocabulary import KeypairCategory, Status
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.signers.keyring import Keyring
from engine.signing.request import Made, Outcome, SignRequest
from tests.support.earlier_openpgp import store_earlier_keypair
from tests.support.gnupg import gnupg
from tests.support.mounted import populated, settings_below
from tests.support.refusals import details_of, tags
from tests.support.releases import release_in, rows
from tests.support.sign_now import sign
from tests.support.signing import code_of
from tests.support.world import World, make_world
from tests.verifiers.programs import rpm_imports

MASTER_KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))
KEYRING = Keyring([MASTER_KEY])


@pytest.fixture
def world(database: Database) -> World:
    world = make_world(database, master_key=MASTER_KEY)
    world.clock.instant = datetime.now(UTC)  # the library dates the earlier keys by its own clock
    return world


def keypair_row(world: World, alias: str = "packages") -> Any:
    (row,) = rows(world, t.keypairs, id=world.things[alias])
    return row


def sign_content(world: World, content: bytes) -> Outcome:
    keypair_id = world.things["packages"]
    world.set_team("blue", keypairs=["packages"])
    release_in(
        world,
        Status.IN_PROGRESS,
        category=KeypairCategory.GPG,
        keypair_ids=frozenset({keypair_id}),
    )
    request = SignRequest(keypair_id=keypair_id, content=content)
    (outcome,) = sign(world.system, world.principal("dev"), keypair_id, [request])
    return outcome


@pytest.mark.parametrize(
    ("earlier", "raw"),
    [
        ("OPENPGP_ED25519", KeypairAlgorithm.ED25519),
        pytest.param("OPENPGP_RSA_4096", KeypairAlgorithm.RSA_PKCS1_4096, marks=pytest.mark.long),
    ],
)
def test_a_converted_keypair_keeps_its_fingerprint_and_signs(
    world: World, earlier: str, raw: KeypairAlgorithm
) -> None:
    before = Cert.from_bytes(store_earlier_keypair(world, "packages", KEYRING, earlier).encode())
    entries = len(world.ledger())
    assert convert_openpgp_keypairs(world.system, KEYRING) == 1
    row = keypair_row(world)
    assert (row.backend, row.algorithm, row.category) == ("local", raw, KeypairCategory.GPG)
    after = Cert.from_bytes(row.openpgp_certificate.encode())
    assert after.fingerprint == before.fingerprint
    assert str(after.user_ids[0]) == str(before.user_ids[0])
    assert tags(world, entries) == ["keypair:updated"]
    changes = details_of(world.ledger()[-1])["changes"]
    assert changes == {"algorithm": [earlier, raw], "backend": ["openpgp", "local"]}

    assert convert_openpgp_keypairs(world.system, KEYRING) == 0
    outcome = sign_content(world, b"a package")
    assert isinstance(outcome, Made)
    assert outcome.signed is not None
    with gnupg() as gpg:
        signature = outcome.signed.value.decode()
        assert gpg.accepts(row.openpgp_certificate, signature, b"a package")


def test_every_start_converts_what_is_left(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    key = os.urandom(32)
    master_key = SecretStr(b64encode(key).decode())
    settings = settings_below("/", database_url, tmp_path, master_key=master_key)
    world = populated(settings, database)
    store_earlier_keypair(world, "packages", Keyring([key]))
    build_system(settings, database)
    assert keypair_row(world).backend == "local"


@pytest.mark.long
def test_rpm_imports_the_certificate_which_it_refused_before(world: World, tmp_path: Path) -> None:
    earlier = store_earlier_keypair(world, "packages", KEYRING)
    convert_openpgp_keypairs(world.system, KEYRING)
    today = keypair_row(world).openpgp_certificate
    folders = [tmp_path / name for name in ("earlier", "today")]
    for folder in folders:
        folder.mkdir()
    imported = [rpm_imports(*pair) for pair in zip(folders, (earlier, today), strict=True)]
    assert imported == [False, True]


def test_both_keys_are_sealed_anew_under_another_master_key(world: World) -> None:
    store_earlier_keypair(world, "packages", KEYRING)
    convert_openpgp_keypairs(world.system, KEYRING)
    both = Keyring([NEW_KEY, MASTER_KEY])
    resealed = reseal_keypairs(world.system, both)
    number = len(rows(world, t.keypairs))
    assert (resealed.resealed, resealed.unopened) == (number, ())
    assert unopened_keypairs(world.system.database, Keyring([NEW_KEY])) == ()
    (primary,) = rows(world, t.openpgp_primary_keys)
    assert primary.master_key_id == both.sealing_key_id


def test_a_keypair_whose_key_does_not_open_stays_as_it_was_and_signs_nothing(
    world: World,
) -> None:
    store_earlier_keypair(world, "packages", Keyring([NEW_KEY]))
    before = keypair_row(world)
    with capture_logs() as logs:
        assert convert_openpgp_keypairs(world.system, KEYRING) == 0
    assert [entry["event"] for entry in logs] == ["openpgp_keypair_not_converted"]
    assert keypair_row(world) == before
    refused = sign_content(world, b"a package")
    assert code_of(refused) is Code.SIGNER_FAILED
