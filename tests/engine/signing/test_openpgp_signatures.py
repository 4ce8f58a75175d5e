"""Keypairs of the category GPG: digests of any size of file, and small content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.errors import Code
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.openpgp.packets import Armor
from engine.openpgp.signatures import SignatureType, UnsignedSignature
from engine.persistence.store import tables as t
from engine.signers.openpgp_keys import openpgp_key, openpgp_time
from engine.signing.request import Made, Outcome, SignRequest
from tests.support.gnupg import Gnupg, gnupg
from tests.support.releases import rows
from tests.support.sign_now import sign
from tests.support.signing import code_of
from tests.support.world import DIGEST, World

CONTENT = b"the package index\n" * 1000


@pytest.fixture
def gpg(world: World) -> Iterator[Gnupg]:
    with gnupg(world.clock.instant) as program:
        yield program


def add_keypair(world: World, algorithm: KeypairAlgorithm, **more: Any) -> Any:
    category = KeypairCategory.GPG
    keypair_id = world.add_keypair(
        "packages", ReleaseType.TEST, category=category, algorithm=algorithm, **more
    )
    world.set_team("blue", keypairs=["packages"])
    (row,) = rows(world, t.keypairs, id=keypair_id)
    return row


def outcome_of(world: World, row: Any, **request: Any) -> Outcome:
    requests = [SignRequest(keypair_id=row.id, **request)]
    (outcome,) = sign(world.system, world.principal("dev"), row.id, requests)
    return outcome


def value_of(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Made), outcome
    assert outcome.signed is not None
    return outcome.signed.value


@pytest.mark.parametrize(
    "algorithm",
    [
        KeypairAlgorithm.ED25519,
        KeypairAlgorithm.ECDSA_P256,
        KeypairAlgorithm.ECDSA_P384,
        KeypairAlgorithm.RSA_PKCS1_2048,
    ],
)
def test_gpg_accepts_what_is_put_together_around_a_signed_digest_and_content(
    world: World, gpg: Gnupg, algorithm: KeypairAlgorithm
) -> None:
    row = add_keypair(world, algorithm, openpgp_user_id="Falcon <falcon@example.com>")
    certificate = row.openpgp_certificate
    content = value_of(outcome_of(world, row, content=CONTENT))
    assert gpg.accepts(certificate, content.decode(), CONTENT)
    assert not gpg.accepts(certificate, content.decode(), CONTENT + b" ")
    listed = gpg.keys(certificate)
    assert [fields[9] for fields in listed if fields[0] == "uid"] == ["Falcon <falcon@example.com>"]

    unsigned = UnsignedSignature(
        key=openpgp_key(row.public_key, row.openpgp_created_at),
        type=SignatureType.BINARY,
        hash_algorithm=DigestAlgorithm.SHA384,
        created_at=openpgp_time(row.openpgp_created_at),
    )
    digest = unsigned.digest(CONTENT)
    value = value_of(outcome_of(world, row, digest=digest, digest_algorithm=DigestAlgorithm.SHA384))
    assert gpg.accepts(certificate, unsigned.armored(digest, value), CONTENT)


def test_the_keypair_and_its_primary_key_are_two_keys(world: World) -> None:
    row = add_keypair(world, KeypairAlgorithm.ED25519)
    (primary,) = rows(world, t.openpgp_primary_keys)
    assert primary.keypair_id == row.id
    assert primary.id != row.id
    assert primary.public_key != row.public_key
    assert primary.revocation.startswith(f"-----BEGIN {Armor.PUBLIC_KEY}-----\nComment: ")


def test_a_digest_that_is_shorter_than_the_curve_is_refused(world: World) -> None:
    row = add_keypair(world, KeypairAlgorithm.ECDSA_P384)
    outcome = outcome_of(world, row, digest=DIGEST)
    assert code_of(outcome) is Code.INVALID_INPUT
    assert "Hash with SHA384 or SHA512." in outcome.refusal.message


def test_other_keypairs_sign_no_content(world: World) -> None:
    keypair_id = world.add_keypair("plain", ReleaseType.TEST)
    world.set_team("blue", keypairs=["plain"])
    (row,) = rows(world, t.keypairs, id=keypair_id)
    outcome = outcome_of(world, row, content=CONTENT)
    assert code_of(outcome) is Code.INVALID_INPUT
    assert "Give the digest, not the content." in outcome.refusal.message


def test_the_earlier_names_make_keypairs_of_today(world: World) -> None:
    row = add_keypair(world, KeypairAlgorithm.OPENPGP_ED25519, backend="openpgp")
    assert (row.algorithm, row.backend) == (KeypairAlgorithm.ED25519, "local")
